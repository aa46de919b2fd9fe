import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type Bus, type Call, type EventContract, type Principal, systemPrincipal } from "@millwright/core";
import { openRecords } from "@millwright/records-sqlite";
import { createBus, silentLog } from "@millwright/runtime";
import { createFakeClock } from "@millwright/testkit";
import type { KyselyPlugin } from "kysely";
import { onTestFinished } from "vitest";
import { type AccessParts, createAccess } from "./access.ts";
import { AccessSettings, signedIn, signInFailed } from "./api.ts";
import type { Passwords } from "./passwords.ts";
import { accessMigrations } from "./tables.ts";

/** Real records in a throw-away folder, which count the queries they get; `database` looks in from outside. */
export function recordsForTest() {
	const folder = mkdtempSync(join(tmpdir(), "millwright-access-"));
	onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
	const file = join(folder, "records.db");
	const records = openRecords({ file, log: silentLog, migrations: accessMigrations });
	const database = new DatabaseSync(file);
	const queries: string[] = [];
	const counter: KyselyPlugin = {
		transformQuery({ node }) {
			queries.push(node.kind);
			return node;
		},
		transformResult: async ({ result }) => result,
	};
	return { db: records.db.withPlugin(counter), database, queries };
}

/** The real hash costs 20 ms; tests that are not about it use this one. */
export const quickPasswords = (): Passwords & { verified: (string | undefined)[] } => {
	const verified: (string | undefined)[] = [];
	return {
		verified,
		hash: async (password) => `quick:${password}`,
		async verify(hashed, password) {
			verified.push(hashed);
			return hashed === `quick:${password}`;
		},
	};
};

/** A browser that keeps its cookie. */
export interface Browser {
	token: string | undefined;
	/** The call as the server makes it for the next request of this browser. */
	call(): Promise<Call>;
}

const nobody: Principal = { id: "anonymous", name: "Anonymous", kind: "person", roles: [] };

export function browserOf(access: AccessParts, from = "10.0.0.1"): Browser {
	const browser: Browser = {
		token: undefined,
		async call() {
			const known = await access.gatekeeper.identify({ sessionToken: browser.token, address: from, agent: "test" });
			return {
				principal: known?.principal ?? nobody,
				session: known?.session,
				from,
				agent: "test",
				setSession: (token) => {
					browser.token = token;
				},
			};
		},
	};
	return browser;
}

export const goodPassword = "el torno canta de noche";

export async function accessForTest({
	records = recordsForTest(),
	settings = {},
	passwords = quickPasswords(),
}: {
	records?: ReturnType<typeof recordsForTest>;
	settings?: Parameters<typeof AccessSettings.parse>[0];
	passwords?: Passwords;
} = {}) {
	const clock = createFakeClock({ startMs: Date.UTC(2026, 10, 20, 8) });
	const bus: Bus = createBus({ log: silentLog });
	const events: { name: string; data: unknown }[] = [];
	for (const contract of [signedIn, signInFailed] as EventContract[])
		bus.on(contract, "test", (data) => events.push({ name: contract.name, data }));
	const access = createAccess({
		db: records.db,
		clock,
		log: silentLog,
		bus,
		settings: () => AccessSettings.parse(settings),
		mayCall: ({ roles }) => [
			"access.me",
			"access.updateMe",
			"access.signOut",
			"access.sessions",
			...(roles.includes("administrator") ? ["access.people"] : []),
		],
		passwords,
	});
	await access.part.start();
	const admin: Call = { principal: { ...systemPrincipal } };
	/** The first administrator, signed in. */
	const setUp = async () => {
		const browser = browserOf(access);
		const me = await access.service.completeSetup(
			{ code: access.setupCode() ?? "", login: "ada", name: "Ada", password: goodPassword },
			await browser.call(),
		);
		return { browser, me };
	};
	/** A person with a password of their own, signed in. */
	const addPerson = async (login: string, roles: Parameters<AccessParts["service"]["addPerson"]>[0]["roles"]) => {
		const { person, firstPassword } = await access.service.addPerson({ login, name: login, roles }, admin);
		const browser = browserOf(access, `10.0.1.${login.length}`);
		await access.service.signIn({ login, password: firstPassword }, await browser.call());
		await access.service.updateMe({ password: { now: firstPassword, next: goodPassword } }, await browser.call());
		return { person, browser };
	};
	return { access, service: access.service, clock, events, records, admin, passwords, setUp, addPerson };
}

/** The error's code; fails where nothing is thrown. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
	try {
		await promise;
	} catch (thrown) {
		return (thrown as { code?: string }).code ?? String(thrown);
	}
	return "nothing thrown";
}
