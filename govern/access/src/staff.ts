import { MillwrightError, type Role } from "@millwright/core";
import type { Access } from "./api.ts";
import { endAllSessions, type House } from "./house.ts";
import { randomPassword } from "./passwords.ts";
import { isAdministrator, type PersonChange, type PersonRecord, shownPerson } from "./people.ts";
import { randomId } from "./tokens.ts";

/** Far beyond a plant; a bound for memory. */
const mostPeople = 10_000;

const distinct = (roles: readonly Role[]): Role[] => [...new Set(roles)];

/** People as administrators keep them. Nobody is deleted: the audit log goes on naming them. */
export function staffOperations(house: House): Pick<Access, "people" | "addPerson" | "updatePerson"> {
	const { clock, passwords, people } = house;

	function keepAnAdministrator(before: PersonRecord, after: PersonRecord): void {
		if (!isAdministrator(before) || isAdministrator(after)) return;
		if (people.all().some((other) => other.id !== before.id && isAdministrator(other))) return;
		throw new MillwrightError("access.last-administrator", `"${before.name}" is the last active administrator`, {
			kind: "conflict",
			hint: "Make somebody else an administrator first.",
		});
	}

	return {
		people: async () => ({ people: people.all().map(shownPerson) }),

		async addPerson({ login, name, roles, language }) {
			const firstPassword = randomPassword();
			const passwordHash = await passwords.hash(firstPassword);
			const person: PersonRecord = {
				id: randomId("user"),
				login,
				name,
				roles: distinct(roles),
				language,
				active: true,
				mustChange: true,
				passwordHash,
				createdAt: clock.nowMs(),
				lastSeenAt: undefined,
			};
			await house.alone(async () => {
				if (people.byLogin(login))
					throw new MillwrightError("access.login-taken", `Somebody has the login "${login}" already`, {
						kind: "conflict",
						hint: "Choose another login, or change the person who has it.",
						place: "login",
					});
				if (people.size >= mostPeople)
					throw new MillwrightError("access.people-too-many", `There are ${people.size} people already`, {
						kind: "busy",
						hint: "Reuse the records of people who left.",
					});
				await people.add(person);
			});
			return { person: shownPerson(person), firstPassword };
		},

		async updatePerson({ id, name, roles, active, resetPassword }) {
			const firstPassword = resetPassword ? randomPassword() : undefined;
			const passwordHash = firstPassword === undefined ? undefined : await passwords.hash(firstPassword);
			const after = await house.alone(async () => {
				const before = people.byId(id);
				if (!before)
					throw new MillwrightError("access.person-unknown", `No person "${id}"`, {
						kind: "missing",
						hint: "List people: millwright access people",
						place: "id",
					});
				const change: PersonChange = {
					...(name === undefined ? {} : { name }),
					...(roles === undefined ? {} : { roles: distinct(roles) }),
					...(active === undefined ? {} : { active }),
					...(passwordHash === undefined ? {} : { passwordHash, mustChange: true }),
				};
				keepAnAdministrator(before, { ...before, ...change });
				const changed = await people.change(id, change);
				if (!changed.active || resetPassword) await endAllSessions(house, id);
				return changed;
			});
			if (roles !== undefined || active !== undefined || resetPassword) house.revoked({ principal: id });
			return { person: shownPerson(after), ...(firstPassword === undefined ? {} : { firstPassword }) };
		},
	};
}
