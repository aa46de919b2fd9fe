import { type Clock, DataClass, MillwrightError, type Principal, type Role } from "@millwright/core";
import type { Kysely } from "kysely";
import type { ApiKey } from "./api.ts";
import type { LateWrites } from "./late-writes.ts";
import { rolesFrom } from "./people.ts";
import type { AccessTables } from "./tables.ts";
import { digest, randomId, randomToken } from "./tokens.ts";

export interface KeyRecord {
	readonly id: string;
	readonly name: string;
	readonly hint: string;
	readonly secretHash: string;
	readonly roles: readonly Role[];
	readonly publish: readonly string[];
	readonly subscribe: readonly string[];
	readonly clearance: DataClass;
	readonly createdAt: number;
	readonly createdBy: string;
	readonly expiresAt: number | undefined;
	certificateName: string | undefined;
	active: boolean;
	lastUsedAt: number | undefined;
	writtenAt: number;
}

export interface Keys {
	load(): Promise<void>;
	add(about: {
		name: string;
		roles: readonly Role[];
		publish: readonly string[];
		subscribe: readonly string[];
		clearance: DataClass;
		createdBy: string;
		expiresAt: number | undefined;
		certificateName?: string | undefined;
	}): Promise<{ key: KeyRecord; secret: string }>;
	/** The living key of a secret, noted as used. */
	use(secret: string): KeyRecord | undefined;
	/** The living key that a verified client certificate stands for, noted as used. */
	useCertificate(name: string): KeyRecord | undefined;
	bind(id: string, certificateName: string | undefined): Promise<KeyRecord>;
	isLiving(key: KeyRecord): boolean;
	revoke(id: string): Promise<KeyRecord>;
	/** Keys whose time came since the last call. */
	expired(): KeyRecord[];
	all(): KeyRecord[];
}

/** Revoked and expired ones count: their names stay readable in the audit log. */
const mostKeys = 10_000;
const writeEvery = 60_000;
const prefix = "mwk_";

export function createKeys({ db, clock, late }: { db: Kysely<AccessTables>; clock: Clock; late: LateWrites }): Keys {
	const byId = new Map<string, KeyRecord>();
	const byHash = new Map<string, KeyRecord>();
	const toldExpired = new Set<string>();

	const remember = (key: KeyRecord): void => {
		byId.set(key.id, key);
		byHash.set(key.secretHash, key);
	};
	const ofCertificate = (name: string): KeyRecord | undefined =>
		[...byId.values()].find((key) => key.certificateName === name && isLiving(key));
	/** One certificate opens one key: who it is must never be a matter of order. */
	const checkFree = (name: string, id?: string): void => {
		const other = ofCertificate(name);
		if (other === undefined || other.id === id) return;
		throw new MillwrightError(
			"access.certificate-taken",
			`The certificate "${name}" stands for the key "${other.name}" already`,
			{
				kind: "input",
				hint: "Revoke that key, or issue a certificate with another common name.",
				place: "certificateName",
			},
		);
	};
	const known = (id: string): KeyRecord => {
		const key = byId.get(id);
		if (!key)
			throw new MillwrightError("access.key-unknown", `No key "${id}"`, {
				kind: "missing",
				hint: "List keys: millwright access keys",
			});
		return key;
	};
	function used(key: KeyRecord): KeyRecord {
		const now = clock.nowMs();
		key.lastUsedAt = now;
		if (now - key.writtenAt >= writeEvery) {
			key.writtenAt = now;
			late.add(
				"the last use of keys",
				db.updateTable("access_keys").set({ last_used_at: now }).where("id", "=", key.id).execute(),
			);
		}
		return key;
	}
	const isPast = (key: KeyRecord): boolean => key.expiresAt !== undefined && key.expiresAt <= clock.nowMs();
	const isLiving = (key: KeyRecord): boolean => key.active && !isPast(key);

	return {
		async load() {
			const rows = await db.selectFrom("access_keys").selectAll().orderBy("created_at").execute();
			byId.clear();
			byHash.clear();
			for (const row of rows)
				remember({
					id: row.id,
					name: row.name,
					hint: row.hint,
					secretHash: row.secret_hash,
					roles: rolesFrom(row.roles),
					publish: JSON.parse(row.publish) as string[],
					subscribe: JSON.parse(row.subscribe) as string[],
					// A class a newer version wrote and this one does not know gives little.
					clearance: DataClass.catch("public").parse(row.clearance),
					createdAt: Number(row.created_at),
					createdBy: row.created_by,
					expiresAt: row.expires_at === null ? undefined : Number(row.expires_at),
					certificateName: row.certificate_name ?? undefined,
					active: Number(row.active) === 1,
					lastUsedAt: row.last_used_at === null ? undefined : Number(row.last_used_at),
					writtenAt: row.last_used_at === null ? 0 : Number(row.last_used_at),
				});
		},
		async add({ name, roles, publish, subscribe, clearance, createdBy, expiresAt, certificateName }) {
			if (certificateName !== undefined) checkFree(certificateName);
			if (byId.size >= mostKeys)
				throw new MillwrightError("access.keys-too-many", `There are ${byId.size} keys already`, {
					kind: "busy",
					hint: "Give several clients of one kind the same key.",
				});
			const id = randomId("key");
			const secret = `${prefix}${id.slice("key_".length)}_${randomToken()}`;
			const key: KeyRecord = {
				id,
				name,
				hint: `${secret.slice(0, 12)}…`,
				secretHash: digest(secret),
				roles,
				publish,
				subscribe,
				clearance,
				createdAt: clock.nowMs(),
				createdBy,
				expiresAt,
				certificateName,
				active: true,
				lastUsedAt: undefined,
				writtenAt: 0,
			};
			await db
				.insertInto("access_keys")
				.values({
					id,
					name,
					hint: key.hint,
					secret_hash: key.secretHash,
					roles: JSON.stringify(roles),
					publish: JSON.stringify(publish),
					subscribe: JSON.stringify(subscribe),
					clearance,
					created_at: key.createdAt,
					created_by: createdBy,
					expires_at: expiresAt ?? null,
					last_used_at: null,
					active: 1,
					certificate_name: certificateName ?? null,
				})
				.execute();
			remember(key);
			return { key, secret };
		},
		use(secret) {
			if (!secret.startsWith(prefix) || secret.length > 200) return undefined;
			const key = byHash.get(digest(secret));
			return key && isLiving(key) ? used(key) : undefined;
		},
		useCertificate(name) {
			const key = ofCertificate(name);
			return key && used(key);
		},
		async bind(id, certificateName) {
			const key = known(id);
			if (certificateName !== undefined) checkFree(certificateName, id);
			await db
				.updateTable("access_keys")
				.set({ certificate_name: certificateName ?? null })
				.where("id", "=", id)
				.execute();
			key.certificateName = certificateName;
			return key;
		},
		isLiving,
		async revoke(id) {
			const key = known(id);
			// Dead in this process even if the database is away; the caller hears of that.
			key.active = false;
			await db.updateTable("access_keys").set({ active: 0 }).where("id", "=", id).execute();
			return key;
		},
		expired() {
			const past = [...byId.values()].filter((key) => key.active && isPast(key) && !toldExpired.has(key.id));
			for (const key of past) toldExpired.add(key.id);
			return past;
		},
		all: () => [...byId.values()],
	};
}

export const principalOfKey = (key: KeyRecord): Principal => ({ id: key.id, name: key.name, kind: "key", roles: key.roles });

export const shownKey = (key: KeyRecord, isLiving: boolean): ApiKey => ({
	id: key.id,
	name: key.name,
	hint: key.hint,
	roles: [...key.roles],
	topics: { publish: [...key.publish], subscribe: [...key.subscribe] },
	clearance: key.clearance,
	createdAt: key.createdAt,
	createdBy: key.createdBy,
	...(key.expiresAt === undefined ? {} : { expiresAt: key.expiresAt }),
	...(key.certificateName === undefined ? {} : { certificateName: key.certificateName }),
	...(key.lastUsedAt === undefined ? {} : { lastUsedAt: key.lastUsedAt }),
	active: isLiving,
});
