import { DataClass, MillwrightError, maySee, type Principal, Role } from "@millwright/core";
import type { Kysely } from "kysely";
import type { Person } from "./api.ts";
import type { AccessTables } from "./tables.ts";

export interface PersonRecord {
	readonly id: string;
	readonly login: string;
	readonly name: string;
	readonly roles: readonly Role[];
	readonly language: "en" | "es" | undefined;
	readonly active: boolean;
	readonly mustChange: boolean;
	readonly passwordHash: string;
	readonly createdAt: number;
	readonly lastSeenAt: number | undefined;
}

export type PersonChange = Partial<Omit<PersonRecord, "id" | "login" | "createdAt">>;

/** The people, in memory for every request and in the records for good; written first, then remembered. */
export interface People {
	load(): Promise<void>;
	byId(id: string): PersonRecord | undefined;
	byLogin(login: string): PersonRecord | undefined;
	all(): PersonRecord[];
	readonly size: number;
	add(person: PersonRecord): Promise<void>;
	change(id: string, change: PersonChange): Promise<PersonRecord>;
}

type Row = AccessTables["access_people"];

/** Roles a newer version wrote and this one does not know give nothing. */
export function rolesFrom(json: string): Role[] {
	const given: unknown = JSON.parse(json);
	return Array.isArray(given) ? given.filter((role): role is Role => Role.safeParse(role).success) : [];
}

const toRow = (person: PersonRecord): Row => ({
	id: person.id,
	login: person.login,
	name: person.name,
	roles: JSON.stringify(person.roles),
	language: person.language ?? null,
	active: person.active ? 1 : 0,
	must_change: person.mustChange ? 1 : 0,
	password_hash: person.passwordHash,
	created_at: person.createdAt,
	last_seen_at: person.lastSeenAt ?? null,
});

const columnOf: Record<keyof PersonChange, keyof Row> = {
	name: "name",
	roles: "roles",
	language: "language",
	active: "active",
	mustChange: "must_change",
	passwordHash: "password_hash",
	lastSeenAt: "last_seen_at",
};

const fromRow = (row: Row): PersonRecord => ({
	id: row.id,
	login: row.login,
	name: row.name,
	roles: rolesFrom(row.roles),
	language: row.language === "en" || row.language === "es" ? row.language : undefined,
	active: Number(row.active) === 1,
	mustChange: Number(row.must_change) === 1,
	passwordHash: row.password_hash,
	createdAt: Number(row.created_at),
	lastSeenAt: row.last_seen_at === null ? undefined : Number(row.last_seen_at),
});

export function createPeople({ db }: { db: Kysely<AccessTables> }): People {
	const byId = new Map<string, PersonRecord>();
	const byLogin = new Map<string, PersonRecord>();
	const remember = (person: PersonRecord): void => {
		byId.set(person.id, person);
		byLogin.set(person.login, person);
	};
	return {
		async load() {
			const rows = await db.selectFrom("access_people").selectAll().orderBy("created_at").execute();
			byId.clear();
			byLogin.clear();
			for (const row of rows) remember(fromRow(row));
		},
		byId: (id) => byId.get(id),
		byLogin: (login) => byLogin.get(login),
		all: () => [...byId.values()],
		get size() {
			return byId.size;
		},
		async add(person) {
			await db.insertInto("access_people").values(toRow(person)).execute();
			remember(person);
		},
		async change(id, change) {
			const before = byId.get(id);
			if (!before)
				throw new MillwrightError("access.person-unknown", `No person "${id}"`, {
					kind: "missing",
					hint: "List people: millwright access people",
				});
			// Only what changes is written and remembered: another change may be under way (last seen).
			const row = toRow({ ...before, ...change });
			const columns = Object.keys(change).map((field) => columnOf[field as keyof PersonChange]);
			const update: Partial<Row> = Object.fromEntries(columns.map((column) => [column, row[column]]));
			if (columns.length > 0) await db.updateTable("access_people").set(update).where("id", "=", id).execute();
			const after = { ...(byId.get(id) as PersonRecord), ...change };
			remember(after);
			return after;
		},
	};
}

export const isAdministrator = (person: PersonRecord): boolean => person.active && person.roles.includes("administrator");

/** Until the first password is changed a person has no roles, so no operation that names one and no data. */
export const principalOf = (person: PersonRecord): Principal => ({
	id: person.id,
	name: person.name,
	kind: "person",
	roles: person.mustChange ? [] : person.roles,
});

export const shownPerson = (person: PersonRecord): Person => ({
	id: person.id,
	login: person.login,
	name: person.name,
	roles: [...person.roles],
	...(person.language === undefined ? {} : { language: person.language }),
	active: person.active,
	createdAt: person.createdAt,
	...(person.lastSeenAt === undefined ? {} : { lastSeenAt: person.lastSeenAt }),
	mustChangePassword: person.mustChange,
});

/** The highest class the principal sees; public for somebody without roles. */
export const clearanceOf = (principal: Principal): DataClass =>
	DataClass.options.findLast((dataClass) => maySee(principal, dataClass)) ?? "public";
