import { MillwrightError } from "@millwright/core";
import type { Access } from "./api.ts";
import { addressOf, beginSession, callerOf, endAllSessions, type House, meOf, personCalling } from "./house.ts";
import { checkPassword } from "./passwords.ts";
import { type PersonChange, type PersonRecord, principalOf } from "./people.ts";

/** What everybody may see and change about themselves. */
export function profileOperations(house: House): Pick<Access, "me" | "updateMe"> {
	const { attempts, passwords, people, settings } = house;

	async function newHash(person: PersonRecord, { now, next }: { now: string; next: string }, address: string): Promise<string> {
		const attempt = attempts.begin({ account: person.login, address });
		const right = await passwords.verify(person.passwordHash, now).catch((thrown: unknown) => {
			attempt.withdrawn();
			throw thrown;
		});
		if (!right)
			throw new MillwrightError("access.password-wrong", "The present password is wrong", {
				kind: "input",
				hint: "Type the password you signed in with.",
				place: "password.now",
			});
		attempt.succeeded();
		checkPassword(next, { login: person.login, minLength: settings().password.minLength });
		if (now.normalize("NFKC") === next.normalize("NFKC"))
			throw new MillwrightError("access.password-same", "The new password is the old one", {
				kind: "input",
				hint: "Choose another one.",
				place: "password.next",
			});
		return passwords.hash(next);
	}

	return {
		me: async (_input, call) => meOf(house, callerOf(call)),

		async updateMe({ name, language, password }, call) {
			const { id } = personCalling(house, call);
			const change: PersonChange = { ...(name === undefined ? {} : { name }), ...(language === undefined ? {} : { language }) };
			const after = await house.alone(async () => {
				const person = personCalling(house, call);
				if (!password) return people.change(id, change);
				const passwordHash = await newHash(person, password, addressOf(call));
				const changed = await people.change(id, { ...change, passwordHash, mustChange: false });
				await endAllSessions(house, id);
				await beginSession(house, changed, call);
				return changed;
			});
			return meOf(house, principalOf(after));
		},
	};
}
