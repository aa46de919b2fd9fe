import { type DataClass, maySee, type Principal, type Role } from "@millwright/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../kit/platform.ts";
import { type Caller, callerAt, operations } from "./caller.ts";
import { byConnection, byTemplate, type GuardedPlant, hidden, open, startGuardedPlant } from "./guarded-plant.ts";
import { eventsOf } from "./live-events.ts";
import { topicsHeard } from "./mqtt-listener.ts";

let plant: GuardedPlant;
const callers: Record<string, { caller: Caller; roles: Role[]; isKnown: boolean }> = {};

beforeAll(async () => {
	plant = await startGuardedPlant();
	const { secret } = await plant.admin.access.addKey({ name: "mqtt-only", topics: { publish: [], subscribe: ["udt/#"] } });
	callers.nobody = { caller: callerAt(plant.url), roles: [], isKnown: false };
	callers["a key without roles"] = { caller: callerAt(plant.url, { bearer: secret }), roles: [], isKnown: false };
	for (const role of ["operator", "executive", "quality", "engineer"] as const)
		callers[role] = { caller: await plant.person(role, [role]), roles: [role], isKnown: true };
	await until(
		() => plant.admin.twin.values({ tags: [...hidden, open] }),
		({ values }) => values.length === 3 && values.every(({ quality }) => quality === "good"),
		{ what: "good values of the hidden tags" },
	);
}, 120_000);
afterAll(() => plant?.stop());

const as = (who: string): Caller => (callers[who] as { caller: Caller }).caller;
const mentions = (text: string): string[] => hidden.filter((tag) => text.includes(tag));

/** What the contract says of a caller, worked out apart from the guard. */
function refusalExpected(who: string, operation: (typeof operations)[number]["operation"]): number | undefined {
	const { roles, isKnown } = callers[who] as { roles: Role[]; isKnown: boolean };
	const { allow, dataClass } = operation;
	if (allow === "anyone") return undefined;
	if (!isKnown) return 401;
	if (allow !== "signed-in" && !roles.some((role) => allow.includes(role))) return 403;
	const principal: Principal = { id: "user_x", name: who, kind: "person", roles };
	return maySee(principal, dataClass) ? undefined : 403;
}

test("every operation answers each caller as its roles and data class say", async () => {
	const wrong: string[] = [];
	const tally = { refused: 0, admitted: 0 };
	for (const who of ["nobody", "a key without roles", "operator", "executive"])
		for (const { step, key, operation } of operations) {
			if (callers[who]?.isKnown && step === "access" && key === "signOut") continue;
			const expected = refusalExpected(who, operation);
			// An input that fits nowhere: whoever is admitted is told so, and nothing is done.
			const { status, code } = await as(who).call(step, key, { "no such field": [1] });
			const isRefused = /^platform\.(sign-in-required|role-denied|clearance-denied)$/.test(code);
			if (expected === undefined ? isRefused : !isRefused || status !== expected)
				wrong.push(`${who}: ${step}.${key} was answered with ${status} ${code}, expected ${expected ?? "to be let in"}`);
			if (expected === undefined) tally.admitted++;
			else tally.refused++;
		}
	expect(wrong).toEqual([]);
	expect(operations.length).toBeGreaterThan(40);
	expect(tally.refused).toBeGreaterThan(100);
	expect(tally.admitted).toBeGreaterThan(30);
});

test("what a person may call is what the screens are told", async () => {
	for (const who of ["operator", "executive"]) {
		const { body } = await as(who).call("access", "me");
		const may = operations.filter(({ operation }) => refusalExpected(who, operation) === undefined);
		expect(body.may).toEqual(may.map(({ step, key }) => `${step}.${key}`));
	}
});

async function mqttKey(name: string, rights: { publish?: string[]; subscribe?: string[] }, clearance?: DataClass) {
	const topics = { publish: [], subscribe: [], ...rights };
	const { secret } = await plant.admin.access.addKey({ name, topics, ...(clearance ? { clearance } : {}) });
	return { name, secret };
}

/** Reads that could name a tag, asked as widely as they can be. */
const wide: [step: string, key: string, input: Record<string, unknown>][] = [
	["sense", "tags", { limit: 5000 }],
	["sense", "tags", { search: "speed-reference" }],
	["sense", "tags", { connection: "line-1-plc", limit: 5000 }],
	["sense", "connections", {}],
	["sense", "connection", { connection: "line-1-plc" }],
	["sense", "ledger", {}],
	["namespace", "search", { words: "", limit: 5000 }],
	["namespace", "tree", { path: "northworks/building-a/line-1/conveyor-1" }],
	["namespace", "tree", { path: "northworks/building-a/line-1/cnc-1" }],
	["namespace", "deadLetters", {}],
	["twin", "overview", {}],
	["twin", "state", { asset: "northworks/building-a/line-1/conveyor-1" }],
	["twin", "state", { asset: "northworks/building-a/line-1/cnc-1" }],
	["twin", "search", { words: "conveyor" }],
	["twin", "limitEvents", { limit: 1000 }],
	["platform", "health", {}],
];

/** Reads of one tag by its name: refused, or silent about it. */
const direct = (tag: string): [step: string, key: string, input: Record<string, unknown>][] => {
	const range = { from: 0, until: Date.now() + 60_000 };
	return [
		["sense", "lineage", { tag }],
		["sense", "write", { tag, value: 0.3 }],
		["namespace", "topic", { tag }],
		["history", "raw", { tag, ...range }],
		["history", "trend", { tags: [tag], ...range }],
		["history", "aggregate", { tags: [tag], from: range.until - 3_600_000, until: range.until, bucket: 60_000 }],
		["history", "export", { tags: [tag], ...range }],
		["twin", "values", { tags: [tag] }],
	];
};

/** Puts both hidden tags beyond a limit and a broken message on a hidden topic, so that there is something to hide. */
async function stir(): Promise<void> {
	const beyond = { high: -1e6, deadband: 0, onDelayMs: 0 };
	await plant.admin.twin.setLimits({
		asset: byConnection.slice(0, byConnection.lastIndexOf("/")),
		name: "speed-reference",
		limits: beyond,
	});
	await plant.admin.twin.setLimits({
		asset: byTemplate.slice(0, byTemplate.lastIndexOf("/")),
		name: "motor-power",
		limits: beyond,
	});
	await until(
		() => plant.admin.twin.limitEvents({ active: true, limit: 1000 }),
		({ events }) => hidden.every((tag) => events.some((event) => event.tag === tag)),
		{ what: "limit events of the hidden tags" },
	);
	await topicsHeard({
		port: plant.mqttPort,
		key: await mqttKey("clumsy", { publish: ["udt/#"] }),
		publish: { topic: `udt/${byConnection}`, payload: "rubbish 12.5" },
	});
	await until(
		() => plant.admin.namespace.deadLetters({}),
		({ letters }) => letters.some(({ topic }) => topic.endsWith(byConnection)),
		{ what: "the dead letter" },
	);
}

test("no answer names or values a tag that the caller may not see, whichever side made it confidential", async () => {
	await stir();
	const seen = new Set<string>();
	const leaks: string[] = [];
	for (const [step, key, input] of wide) {
		for (const who of ["operator", "executive"]) {
			const { status, text } = await as(who).call(step, key, input);
			expect([step, key, status]).toEqual([step, key, 200]);
			if (mentions(text).length > 0) leaks.push(`${who}: ${step}.${key} ${JSON.stringify(input)} names ${mentions(text)}`);
		}
		for (const tag of mentions((await as("engineer").call(step, key, input)).text)) seen.add(`${step}.${key} ${tag}`);
	}
	expect(leaks).toEqual([]);
	// The same questions do name them to somebody who may see them: the silence above is no accident.
	expect(seen.size).toBeGreaterThan(8);

	for (const tag of hidden) {
		const before = await plant.admin.twin.values({ tags: [tag] });
		for (const [step, key, input] of direct(tag))
			for (const who of ["operator", "executive"]) {
				const { status, text } = await as(who).call(step, key, input);
				if (status === 200) expect([step, key, text]).toEqual([step, key, '{"values":[]}']);
				else expect([step, key, [403, 404].includes(status)]).toEqual([step, key, true]);
			}
		expect((await plant.admin.twin.values({ tags: [tag] })).values[0]?.value).toEqual(before.values[0]?.value);
	}
});

test("an operator's numbers of pages count only what the operator may see", async () => {
	const ask = async (who: string) => {
		const tags = (await as(who).call("sense", "tags", { search: "conveyor" })).body as { total: number; tags: unknown[] };
		const events = (await as(who).call("twin", "limitEvents", { limit: 1000 })).body as { total: number; events: unknown[] };
		return { tags, events };
	};
	const { tags, events } = await ask("operator");
	expect(tags.total).toBe(tags.tags.length);
	expect(events.total).toBe(events.events.length);
	expect((await ask("engineer")).tags.total).toBe(tags.total + 3);
});

test("maps and templates leave out confidential tags", async () => {
	const shapes = async (who: string) => {
		const { maps } = (await as(who).call("sense", "maps")).body as { maps: Record<string, { tags: object }> };
		const { templates } = (await as(who).call("twin", "templates")).body as { templates: Record<string, { tags: object }> };
		return ["speed-reference" in (maps["northworks-conveyor"]?.tags ?? {}), "motor-power" in (templates.cnc?.tags ?? {})];
	};
	expect(await shapes("operator")).toEqual([false, false]);
	expect(await shapes("engineer")).toEqual([true, true]);
});

test("a payload does not carry a confidential neighbour as context", async () => {
	const { body } = await as("operator").call("namespace", "topic", { tag: open });
	expect(body.payload).toMatchObject({ measurement: { name: "speed" } });
	expect(JSON.stringify(body.payload)).not.toContain("setpoint");
});

test("a confidential tag cannot be given limits by somebody who may not see it, nor its neighbours be listed", async () => {
	const asset = byTemplate.slice(0, byTemplate.lastIndexOf("/"));
	const restricted = { templates: { secret: { tags: { dose: { dataClass: "restricted", limits: { high: 5 } }, count: {} } } } };
	await plant.admin.twin.addAssets({ ...restricted, assets: { "northworks/lab/cell-1": { template: "secret" } } });
	for (const name of ["dose", "nothing"]) {
		const answer = await as("quality").call("twin", "setLimits", { asset: "northworks/lab/cell-1", name, limits: { high: 1 } });
		expect([answer.status, answer.code]).toEqual([404, "twin.tag-unknown"]);
		expect(answer.text.replaceAll(`"${name}`, "")).not.toContain("dose");
	}
	for (const name of ["constructor", "toString", "__proto__"]) {
		const answer = await as("quality").call("twin", "setLimits", { asset, name, limits: { high: 1 } });
		expect([name, answer.status, answer.code]).toEqual([name, 404, "twin.tag-unknown"]);
	}
});

test("live updates tell nobody of tags, limits, written values or sign-ins that are not theirs", async () => {
	const operator = await eventsOf(plant.url, as("operator").cookie, [...hidden, "northworks/#", open]);
	const admin = await eventsOf(plant.url, plant.admin.cookie, [...hidden, "northworks/#", open]);
	await plant.admin.sense.write({ tag: byConnection, value: 0.31 });
	await plant.admin.twin.setLimits({
		asset: byTemplate.slice(0, byTemplate.lastIndexOf("/")),
		name: "motor-power",
		limits: null,
	});
	await callerAt(plant.url).call("access", "signIn", { login: "my password by mistake", password: "x" });
	await topicsHeard({
		port: plant.mqttPort,
		key: await mqttKey("clumsy again", { publish: ["udt/#"] }),
		publish: { topic: `udt/${byConnection}`, payload: "rubbish 99.5" },
	});
	const expected = ["sense.value-written", "twin.limit-cleared", "access.sign-in-failed", "namespace.contract-broken"];
	await until(
		async () => admin.events(),
		(events) => expected.every((name) => events.some((event) => event.name === name)),
		{
			what: "the events an administrator hears",
		},
	);
	await until(async () => operator.values.has(open) && admin.values.has(byConnection) && admin.values.has(byTemplate), Boolean, {
		what: "values on the line",
	});
	await operator.settled();
	expect(hidden.filter((tag) => operator.values.has(tag) || operator.names.has(tag))).toEqual([]);
	expect(mentions(JSON.stringify(operator.events()))).toEqual([]);
	expect(operator.events().filter(({ name }) => name.startsWith("access."))).toEqual([]);
	operator.end();
	admin.end();
});

test("an MQTT wildcard brings only what the key's clearance covers, retained and live", async () => {
	const subscribe = ["udt/#", "udt-dead-letter/#"];
	const [plain, cleared] = [
		await mqttKey("dashboard", { subscribe }),
		await mqttKey("laboratory", { subscribe }, "confidential"),
	];
	const listen = (key: { name: string; secret: string }) =>
		topicsHeard({
			port: plant.mqttPort,
			key,
			subscribe: [...subscribe, ...hidden.map((tag) => `udt/${tag}`)],
			until: (topics) => topics.has(`udt/${open}`) && topics.size > 60,
		});
	const [heardPlain, heardCleared] = await Promise.all([listen(plain), listen(cleared)]);
	expect(hidden.filter((tag) => heardCleared?.has(`udt/${tag}`))).toEqual(hidden);
	expect([...(heardPlain ?? [])].filter((topic) => /conveyor-\d\/speed-reference|cnc-\d\/motor-power/.test(topic))).toEqual([]);
});

test("a template that makes a tag confidential does so at once", async () => {
	const tag = "northworks/building-a/line-2/robot-2/cycle-time";
	const found = async () => (await as("operator").call("namespace", "search", { words: "robot-2/cycle-time" })).text;
	const mayRead = async () => (await as("operator").call("history", "raw", { tag, from: 0, until: Date.now() })).status;
	await until(found, (text) => text.includes(tag), { what: `a value of ${tag}` });
	const templates = (await plant.admin.twin.templates({})).templates;
	const robot = templates.robot as (typeof templates)[string];
	const cycle = robot.tags["cycle-time"] as (typeof robot.tags)[string];
	const tags = { ...robot.tags, "cycle-time": { ...cycle, dataClass: "confidential" } };
	await plant.admin.twin.addAssets({ assets: {}, templates: { robot: { ...robot, tags } } });
	expect(await found()).not.toContain(tag);
	expect(await mayRead()).toBe(403);
});

test("a tag stays confidential when its connection is gone, and after a restart", async () => {
	const { revision } = await plant.admin.sense.previewChange({ connection: "line-1-plc", settings: null });
	await plant.admin.sense.applyChange({ connection: "line-1-plc", settings: null, revision });
	const range = { from: 0, until: Date.now() + 60_000 };
	const look = async () => {
		const asked = await as("operator").call("history", "raw", { tag: byConnection, ...range });
		const values = await as("operator").call("twin", "values", { tags: [byConnection] });
		return [asked.code, values.text];
	};
	expect(await look()).toEqual(["history.tag-denied", '{"values":[]}']);
	await plant.restart();
	const operator = callerAt(plant.url);
	await operator.call("access", "signIn", { login: "operator", password: "the operator of a plant" });
	(callers.operator as { caller: Caller }).caller = operator;
	expect((await plant.admin.history.raw({ tag: byConnection, ...range })).samples).toBeGreaterThan(0);
	expect(await look()).toEqual(["history.tag-denied", '{"values":[]}']);
});
