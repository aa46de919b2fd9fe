import { type Bus, type Call, type Clock, MillwrightError, type Principal, systemPrincipal } from "@millwright/core";
import type { AccessSettings, Me } from "./api.ts";
import type { Attempts } from "./attempts.ts";
import type { Keys } from "./keys.ts";
import type { Passwords } from "./passwords.ts";
import { clearanceOf, type People, type PersonRecord, principalOf } from "./people.ts";
import type { Sessions } from "./sessions.ts";
import type { SetupCode } from "./setup-code.ts";

/** Somebody lost something: all rights changed (`session` undefined) or one session ended. Ask again, or hang up. */
export interface Revocation {
	principal: string;
	session?: string;
}

/** What the operations share. */
export interface House {
	clock: Clock;
	bus: Bus;
	settings: () => AccessSettings;
	mayCall: (principal: Principal) => string[];
	people: People;
	sessions: Sessions;
	keys: Keys;
	passwords: Passwords;
	attempts: Attempts;
	setupCode: SetupCode;
	/** One change at a time, so that what was checked still holds when it is written. */
	alone: <T>(work: () => Promise<T>) => Promise<T>;
	revoked: (revocation: Revocation) => void;
	counts: { signedIn: number; failed: number };
}

export const callerOf = (call: Call | undefined): Principal => call?.principal ?? systemPrincipal;
export const addressOf = (call: Call | undefined): string => call?.from ?? "internal";

/** All that a person may call before the first password is changed. */
const beforeChange = ["access.me", "access.updateMe", "access.signOut"];

export function meOf(house: House, principal: Principal): Me {
	const person = principal.kind === "person" ? house.people.byId(principal.id) : undefined;
	const effective = person ? principalOf(person) : principal;
	return {
		id: effective.id,
		name: effective.name,
		...(person ? { login: person.login } : {}),
		roles: [...effective.roles],
		clearance: clearanceOf(effective),
		...(person?.language === undefined ? {} : { language: person.language }),
		mustChangePassword: person?.mustChange ?? false,
		may: person?.mustChange ? [...beforeChange] : house.mayCall(effective),
	};
}

/** The person who calls; keys and the system have no profile. */
export function personCalling(house: House, call: Call | undefined): PersonRecord {
	const principal = callerOf(call);
	const person = house.people.byId(principal.id);
	if (!person)
		throw new MillwrightError("access.not-a-person", `"${principal.name}" is a ${principal.kind}, not a person`, {
			kind: "denied",
			hint: "Sign in with a login and password.",
		});
	return person;
}

export function refuseBeforeChange(house: House, call: Call | undefined): void {
	if (house.people.byId(callerOf(call).id)?.mustChange)
		throw new MillwrightError("access.password-must-change", "The first password must be changed before anything else", {
			kind: "denied",
			hint: "Choose a password of your own.",
		});
}

/** Begins a browser's session in place of the one it had; without a browser there is nobody to hold the token. */
export async function beginSession(house: House, person: PersonRecord, call: Call | undefined): Promise<void> {
	if (!call?.setSession) return;
	if (call.session !== undefined) await house.sessions.end([call.session]);
	const { token } = await house.sessions.begin({ person: person.id, address: addressOf(call), agent: call.agent ?? "" });
	call.setSession(token);
}

export const endAllSessions = (house: House, person: string): Promise<void> =>
	house.sessions.end(house.sessions.living(person).map((session) => session.id));
