import type { BrokerAuthenticator, Bus, Clock, Log, Principal, Timer } from "@millwright/core";
import type { Gatekeeper } from "@millwright/platform";
import type { Part } from "@millwright/runtime";
import type { Kysely } from "kysely";
import type { Access, AccessSettings } from "./api.ts";
import { createAttempts } from "./attempts.ts";
import { type BrokerAuthenticatorOptions, createBrokerAuthenticator } from "./broker-authenticator.ts";
import type { House, Revocation } from "./house.ts";
import { keyOperations } from "./key-operations.ts";
import { createKeys, principalOfKey } from "./keys.ts";
import { createLateWrites } from "./late-writes.ts";
import { createPasswords, type Passwords } from "./passwords.ts";
import { createPeople, principalOf } from "./people.ts";
import { profileOperations } from "./profile.ts";
import { sessionOperations } from "./session-operations.ts";
import { createSessions } from "./sessions.ts";
import { createSetupCode } from "./setup-code.ts";
import { signInOperations } from "./sign-in.ts";
import { staffOperations } from "./staff.ts";
import { type AccessTables, accessMigrations } from "./tables.ts";

export interface AccessParts {
	service: Access;
	gatekeeper: Gatekeeper;
	part: Part;
	migrations: typeof accessMigrations;
	/** While nobody exists: a fresh one-time code for the terminal, which voids the one before; else undefined. */
	setupCode(): string | undefined;
	brokerAuthenticator(options?: BrokerAuthenticatorOptions): BrokerAuthenticator;
	/** Keys revoked or expired, rights changed, sessions ended: hang up, or ask the gatekeeper again. Returns the way to stop. */
	onRevoked(listener: (revocation: Revocation) => void): () => void;
}

const sweepEvery = 30_000;

export function createAccess<Tables>({
	db,
	clock,
	log: parentLog,
	bus,
	settings,
	mayCall,
	passwords = createPasswords(),
}: {
	/** With `accessMigrations` applied. */
	db: Kysely<Tables>;
	clock: Clock;
	log: Log;
	bus: Bus;
	settings: () => AccessSettings;
	/** Which operations a principal may call, "<step>.<operation>": the composition knows all contracts. */
	mayCall: (principal: Principal) => string[];
	passwords?: Passwords;
}): AccessParts {
	// Our tables are a part of whatever else the records hold.
	const records = db as unknown as Kysely<AccessTables>;
	const log = parentLog.part("access");
	const late = createLateWrites({ log });
	const people = createPeople({ db: records });
	const keys = createKeys({ db: records, clock, late });
	const listeners = new Set<(revocation: Revocation) => void>();

	function revoked(revocation: Revocation): void {
		for (const listener of listeners)
			try {
				listener(revocation);
			} catch (cause) {
				log.error("a listener to revocations failed", { principal: revocation.principal, cause: String(cause) });
			}
	}

	const sessions = createSessions({
		db: records,
		clock,
		settings,
		late,
		onSeen: (person, at) => people.change(person, { lastSeenAt: at }),
		onEnded: (session) => revoked({ principal: session.person, session: session.id }),
	});

	let last: Promise<unknown> = Promise.resolve();
	const house: House = {
		clock,
		bus,
		settings,
		mayCall,
		people,
		sessions,
		keys,
		passwords,
		attempts: createAttempts({ clock, allowed: () => settings().attempts }),
		setupCode: createSetupCode(),
		alone(work) {
			const turn = last.then(work, work);
			last = turn.catch(() => undefined);
			return turn;
		},
		revoked,
		counts: { signedIn: 0, failed: 0 },
	};

	function sweep(): void {
		for (const key of keys.expired()) revoked({ principal: key.id });
		late.add("the end of old sessions", sessions.sweep());
	}

	let isLoaded = false;
	let timer: Timer | undefined;
	return {
		migrations: accessMigrations,
		service: {
			...signInOperations(house),
			...profileOperations(house),
			...staffOperations(house),
			...sessionOperations(house),
			...keyOperations(house),
		},
		gatekeeper: {
			async identify({ sessionToken, bearer }) {
				if (bearer !== undefined) {
					// A key without roles is for MQTT only.
					const key = keys.use(bearer);
					return key && key.roles.length > 0 ? { principal: principalOfKey(key) } : undefined;
				}
				const session = sessionToken === undefined ? undefined : sessions.use(sessionToken);
				const person = session && people.byId(session.person);
				return person?.active ? { principal: principalOf(person), session: session?.id } : undefined;
			},
		},
		setupCode: () => (isLoaded && people.size === 0 ? house.setupCode.make() : undefined),
		brokerAuthenticator: (options) => createBrokerAuthenticator(keys, options),
		onRevoked(listener) {
			listeners.add(listener);
			return () => listeners.delete(listener);
		},
		part: {
			name: "access",
			async start() {
				await people.load();
				await sessions.load();
				await keys.load();
				isLoaded = true;
				keys.expired();
				await sessions.sweep();
				timer = clock.every(sweepEvery, sweep);
			},
			async stop() {
				timer?.cancel();
				await last;
				await late.settle();
			},
			health: () =>
				late.failure === undefined
					? { state: "good" }
					: {
							state: "degraded",
							reason: late.failure,
							hint: "Check the disk of the data folder.",
						},
			figures: () => [
				{
					name: "access_people",
					help: "People who may sign in",
					type: "gauge",
					value: people.all().filter((one) => one.active).length,
				},
				{ name: "access_sessions", help: "Sessions not yet ended", type: "gauge", value: sessions.size },
				{
					name: "access_keys",
					help: "Keys that open something",
					type: "gauge",
					value: keys.all().filter((key) => keys.isLiving(key)).length,
				},
				{
					name: "access_sign_ins_total",
					help: "Sign-ins since start",
					type: "counter",
					value: house.counts.signedIn,
					labels: { outcome: "done" },
				},
				{
					name: "access_sign_ins_total",
					help: "Sign-ins since start",
					type: "counter",
					value: house.counts.failed,
					labels: { outcome: "refused" },
				},
			],
		},
	};
}
