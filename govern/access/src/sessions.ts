import type { Clock } from "@millwright/core";
import type { Kysely } from "kysely";
import type { AccessSettings } from "./api.ts";
import type { LateWrites } from "./late-writes.ts";
import type { AccessTables } from "./tables.ts";
import { digest, randomId, randomToken } from "./tokens.ts";

export interface Session {
	readonly id: string;
	readonly tokenHash: string;
	readonly person: string;
	readonly createdAt: number;
	readonly address: string;
	readonly agent: string;
	lastSeenAt: number;
	/** What `last_seen_at` says in the records; at most a minute behind. */
	writtenAt: number;
}

export interface Sessions {
	load(): Promise<void>;
	/** The token goes into the cookie and is kept nowhere else. */
	begin(about: { person: string; address: string; agent: string }): Promise<{ token: string; session: Session }>;
	/** The living session of a token, which lives on by being used. */
	use(token: string): Session | undefined;
	byId(id: string): Session | undefined;
	living(person?: string): Session[];
	end(ids: readonly string[]): Promise<void>;
	/** Ends those past their time. */
	sweep(): Promise<void>;
	readonly size: number;
}

/** A person on every screen of a hall; beyond it the one longest unused ends. */
const mostPerPerson = 50;
const writeEvery = 60_000;

export function createSessions({
	db,
	clock,
	settings,
	late,
	onSeen,
	onEnded,
}: {
	db: Kysely<AccessTables>;
	clock: Clock;
	settings: () => AccessSettings;
	late: LateWrites;
	/** At most once a minute a session. */
	onSeen: (person: string, at: number) => Promise<unknown>;
	onEnded: (session: Session) => void;
}): Sessions {
	const byHash = new Map<string, Session>();
	const byId = new Map<string, Session>();

	const isOver = (session: Session): boolean => {
		const { idle, longest } = settings().session;
		const now = clock.nowMs();
		return now - session.lastSeenAt >= idle || now - session.createdAt >= longest;
	};

	const living = (person?: string): Session[] =>
		[...byId.values()].filter((session) => (person === undefined || session.person === person) && !isOver(session));

	/** Forgotten first, so that a failing database cannot keep a session alive in this process. */
	async function end(ids: readonly string[]): Promise<void> {
		const ended = ids.map((id) => byId.get(id)).filter((session) => session !== undefined);
		for (const session of ended) {
			byId.delete(session.id);
			byHash.delete(session.tokenHash);
			onEnded(session);
		}
		for (let i = 0; i < ended.length; i += 200) {
			const some = ended.slice(i, i + 200).map((session) => session.id);
			await db.deleteFrom("access_sessions").where("id", "in", some).execute();
		}
	}

	return {
		async load() {
			const rows = await db.selectFrom("access_sessions").selectAll().execute();
			byHash.clear();
			byId.clear();
			for (const row of rows) {
				const lastSeenAt = Number(row.last_seen_at);
				const session: Session = {
					id: row.id,
					tokenHash: row.token_hash,
					person: row.person,
					createdAt: Number(row.created_at),
					address: row.address,
					agent: row.agent,
					lastSeenAt,
					writtenAt: lastSeenAt,
				};
				byHash.set(session.tokenHash, session);
				byId.set(session.id, session);
			}
		},
		async begin({ person, address, agent }) {
			const token = randomToken();
			const at = clock.nowMs();
			const session: Session = {
				id: randomId("session"),
				tokenHash: digest(token),
				person,
				createdAt: at,
				address: address.slice(0, 100),
				agent: agent.slice(0, 300),
				lastSeenAt: at,
				writtenAt: at,
			};
			await db
				.insertInto("access_sessions")
				.values({
					id: session.id,
					token_hash: session.tokenHash,
					person,
					created_at: at,
					last_seen_at: at,
					address: session.address,
					agent: session.agent,
				})
				.execute();
			byHash.set(session.tokenHash, session);
			byId.set(session.id, session);
			late.add("the last visit of people", onSeen(person, at));
			const others = living(person).sort((a, b) => b.lastSeenAt - a.lastSeenAt);
			await end(
				others
					.filter((other) => other !== session)
					.slice(mostPerPerson - 1)
					.map((other) => other.id),
			);
			return { token, session };
		},
		use(token) {
			const session = byHash.get(digest(token));
			if (!session || isOver(session)) return undefined;
			const now = clock.nowMs();
			session.lastSeenAt = now;
			if (now - session.writtenAt >= writeEvery) {
				session.writtenAt = now;
				late.add(
					"the last use of sessions",
					db.updateTable("access_sessions").set({ last_seen_at: now }).where("id", "=", session.id).execute(),
				);
				late.add("the last visit of people", onSeen(session.person, now));
			}
			return session;
		},
		byId: (id) => {
			const session = byId.get(id);
			return session && !isOver(session) ? session : undefined;
		},
		living,
		end,
		sweep: () => end([...byId.values()].filter(isOver).map((session) => session.id)),
		get size() {
			return byId.size;
		},
	};
}
