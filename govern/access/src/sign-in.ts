import { type Call, MillwrightError } from "@millwright/core";
import { type Access, signedIn, signInFailed } from "./api.ts";
import { addressOf, beginSession, type House, meOf } from "./house.ts";
import { checkPassword } from "./passwords.ts";
import { type PersonRecord, principalOf } from "./people.ts";
import { randomId } from "./tokens.ts";

const setupDone = (): MillwrightError =>
	new MillwrightError("access.setup-done", "This plant is set up already", {
		kind: "conflict",
		hint: "Sign in, or ask an administrator for a login.",
	});

const refused = "access.sign-in-failed";

/** The door: first start, in, out. */
export function signInOperations(house: House): Pick<Access, "setup" | "completeSetup" | "signIn" | "signOut"> {
	const { attempts, bus, clock, passwords, people, sessions, settings, setupCode } = house;

	function welcome(person: PersonRecord, call: Call | undefined): void {
		house.counts.signedIn++;
		bus.emit(signedIn, { person: person.id, from: addressOf(call), at: clock.nowMs() });
	}

	function refuse(login: string, call: Call | undefined): never {
		house.counts.failed++;
		bus.emit(signInFailed, { login, from: addressOf(call), at: clock.nowMs() });
		throw new MillwrightError(refused, "Login or password is wrong", {
			kind: "unauthenticated",
			hint: "Check both; an administrator can give you a new first password.",
		});
	}

	/**
	 * Where a person is signed in already, failures elsewhere do not count: a stranger who keeps guessing must not keep
	 * the administrator out.
	 */
	function accountAt(login: string, address: string): string {
		const person = people.byLogin(login);
		const isKnown = person !== undefined && sessions.living(person.id).some((session) => session.address === address);
		return isKnown ? `${login} at ${address}` : login;
	}

	async function enter(login: string, password: string, call: Call | undefined): Promise<PersonRecord> {
		const found = people.byLogin(login);
		const right = await passwords.verify(found?.passwordHash, password);
		if (!right || !found) return refuse(login, call);
		return house.alone(async () => {
			// Asked again: deactivated or given another password while the hash was computed.
			const now = people.byId(found.id);
			if (!now?.active || now.passwordHash !== found.passwordHash) return refuse(login, call);
			await beginSession(house, now, call);
			return now;
		});
	}

	return {
		setup: async () => ({ needed: people.size === 0, minLength: settings().password.minLength }),

		async completeSetup({ code, login, name, password, language }, call) {
			if (people.size > 0) throw setupDone();
			const attempt = attempts.begin({ address: addressOf(call) });
			if (!setupCode.fits(code))
				throw new MillwrightError("access.setup-code-wrong", "That is not the one-time code", {
					kind: "input",
					hint: "It stands in the terminal where Millwright was started last; every start prints a new one.",
					place: "code",
				});
			attempt.succeeded();
			checkPassword(password, { login, minLength: settings().password.minLength });
			const passwordHash = await passwords.hash(password);
			const person: PersonRecord = {
				id: randomId("user"),
				login,
				name,
				roles: ["administrator"],
				language,
				active: true,
				mustChange: false,
				passwordHash,
				createdAt: clock.nowMs(),
				lastSeenAt: undefined,
			};
			await house.alone(async () => {
				if (people.size > 0) throw setupDone();
				await people.add(person);
				setupCode.use();
				await beginSession(house, person, call);
			});
			welcome(person, call);
			return meOf(house, principalOf(person));
		},

		async signIn({ login, password }, call) {
			const folded = login.trim().toLowerCase();
			const attempt = attempts.begin({ account: accountAt(folded, addressOf(call)), address: addressOf(call) });
			const person = await enter(folded, password, call).catch((thrown: unknown) => {
				if (!(thrown instanceof MillwrightError && thrown.code === refused)) attempt.withdrawn();
				throw thrown;
			});
			attempt.succeeded();
			welcome(person, call);
			return meOf(house, principalOf(person));
		},

		async signOut(_input, call) {
			if (call?.session !== undefined) await sessions.end([call.session]);
			call?.setSession?.(undefined);
			return {};
		},
	};
}
