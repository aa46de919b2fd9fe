import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
	type Call,
	CertificateUntrusted,
	type PeerCertificate,
	Quality,
	type SampleBatch,
	systemPrincipal,
} from "@millwright/core";
import { createBus, createClock, memoryConfig, memoryTagDirectory, silentLog } from "@millwright/runtime";
import { afterEach, expect, test } from "vitest";
import { connectionChanged, samples, settingsChanged, valueWritten } from "./api.ts";
import { itemsForTest, machineForTest } from "./connection/machine-for-test.ts";
import { createSense } from "./sense.ts";
import { senseSection } from "./settings/section.ts";

const endings: (() => Promise<void>)[] = [];
afterEach(async () => {
	for (const end of endings.splice(0).reverse()) await end();
});

const call: Call = { principal: { ...systemPrincipal, name: "Ada", id: "user_ada" }, why: "test" };
const inEnvironment = (name: string) => `\${env:${name}}`;
const tag = (register: number, more: Record<string, unknown> = {}) => ({ address: { register }, ...more });

async function senseForTest(sense: Record<string, unknown>, { folder = mkdtempSync(join(tmpdir(), "sense-")) } = {}) {
	const clock = createClock();
	const config = memoryConfig([senseSection], { sense }, silentLog, clock);
	const bus = createBus({ log: silentLog });
	const machine = machineForTest();
	const items = itemsForTest();
	const directory = memoryTagDirectory();
	const heard: SampleBatch[] = [];
	bus.receive(samples, "test", (batch) => heard.push(batch));
	const events: unknown[] = [];
	bus.onAny("test", (contract, data) => events.push({ name: contract.name, ...(data as object) }));
	const step = createSense({
		config,
		directory,
		bus,
		clock,
		log: silentLog,
		drivers: { blocks: async () => machine.driver, items: async () => items.driver },
		dataFolder: folder,
		environment: { MILLWRIGHT_SECRET_PLC: "s3cret", HOME: "a home" },
	});
	let isStopped = false;
	const stop = async () => {
		if (!isStopped) await step.part.stop();
		isStopped = true;
	};
	endings.push(async () => {
		await stop();
		rmSync(folder, { recursive: true, force: true });
	});
	await step.part.start();
	return { ...step, config, bus, machine, items, directory, heard, events, folder, stop };
}

async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
	const end = Date.now() + 10_000;
	while (!(await holds())) {
		if (Date.now() > end) throw new Error("it never came true");
		await new Promise((resolve) => setTimeout(resolve, 5));
	}
}

const press = {
	driver: "blocks",
	settings: { host: "10.0.0.5" },
	every: "50ms",
	tags: {
		"plant/press/force": tag(1, { unit: "kN", writable: true, pipeline: { scale: 0.1, range: { max: 100 } } }),
		"plant/press/count": tag(2, { kind: "integer" }),
	},
};
const oven = {
	driver: "blocks",
	settings: { host: "10.0.0.6" },
	every: "50ms",
	tags: { "plant/oven/temperature": tag(7, { unit: "Cel" }) },
};

test("values go from the machine through the pipeline and the ring to whoever listens, and the ledger is even", async () => {
	const { machine, heard, service, directory, receipts, facts } = await senseForTest({ connections: { press } });
	machine.registers.set(1, 563);
	await eventually(() => heard.some((batch) => batch.values.includes(56.300000000000004)));
	const first = heard.find((batch) => batch.connection === "press") as SampleBatch;
	expect(directory.nameOf(first.tags[0] as number)).toBe("plant/press/force");
	expect(facts(first.tags[0] as number)).toMatchObject({
		tag: "plant/press/force",
		unit: "kN",
		connection: "press",
		protocol: "blocks",
		range: { max: 100 },
	});
	const through = heard.at(-1)?.last as number;
	receipts.acknowledge("press", through);
	const { tags, total } = await service.tags({ connection: "press", limit: 10, offset: 0 });
	expect(total).toBe(2);
	expect(tags[1]).toMatchObject({
		tag: "plant/press/force",
		value: 56.300000000000004,
		quality: "good",
		address: "register 1",
		unit: "kN",
	});
	const { total: sums } = await service.ledger({});
	expect(sums.sent).toBeGreaterThan(through);
	expect(sums.made).toBe(0);
	expect(sums.read).toBe(sums.sent);
	expect((await service.connections({})).connections[0]).toMatchObject({ state: "connected", good: 2, target: "10.0.0.5" });
	const lineage = await service.lineage({ tag: "plant/press/force" });
	expect(lineage).toMatchObject({ address: "register 1", last: { raw: 563, value: 56.300000000000004, quality: "good" } });
	expect(lineage.stages.map(({ stage }) => stage)).toEqual(["decode", "scale", "range", "pass"]);
	expect(lineage.last?.sequence).toBeGreaterThanOrEqual(0);
});

test("a changed connection restarts alone, a removed one stops, an added one starts", async () => {
	const { config, machine, events, service } = await senseForTest({ connections: { press, oven } });
	await eventually(() => machine.opens === 2);
	await config.apply([{ path: ["sense", "connections", "oven", "tags", "plant/oven/door"], value: tag(8) }], { who: "Ada" });
	await eventually(() => machine.opens === 3);
	expect(machine.closes).toBe(1);
	expect(events.filter((event) => (event as { name: string }).name === settingsChanged.name).at(-1)).toMatchObject({
		changed: ["oven"],
		added: [],
		removed: [],
	});
	await config.apply([{ path: ["sense", "connections", "press"], value: undefined }], { who: "Ada" });
	expect(machine.closes).toBe(2);
	await config.apply([{ path: ["sense", "connections", "press"], value: press }], { who: "Ada" });
	await eventually(
		async () => (await service.connections({})).connections.filter(({ state }) => state === "connected").length === 2,
	);
	expect(
		events.some((event) => (event as { name: string; connection?: string; state?: string }).name === connectionChanged.name),
	).toBe(true);
});

test("a changed map restarts those who use it", async () => {
	const map = { driver: "blocks", tags: { speed: tag(0, { unit: "/min" }) } };
	const machines = [
		{ asset: "plant/line-1/cnc-1", map: "cnc", shift: { register: 100 } },
		{ asset: "plant/line-1/cnc-2", map: "cnc", shift: { register: 200 } },
	];
	const { config, machine, heard, directory, service } = await senseForTest({
		maps: { cnc: map },
		connections: { line: { driver: "blocks", settings: { host: "h" }, machines }, press },
	});
	await eventually(
		() => machine.requests.some(({ start }) => start === 100) && machine.requests.some(({ start }) => start === 200),
	);
	await eventually(() => heard.some((batch) => batch.connection === "line"));
	expect(directory.idOf("plant/line-1/cnc-2/speed")).toBeDefined();
	const opens = machine.opens;
	await config.apply([{ path: ["sense", "maps", "cnc", "tags", "load"], value: tag(1, { unit: "%" }) }], { who: "Ada" });
	await eventually(() => machine.opens === opens + 1);
	expect((await service.tags({ search: "cnc load", limit: 10, offset: 0 })).tags.map((one) => one.tag)).toEqual([
		"plant/line-1/cnc-1/load",
		"plant/line-1/cnc-2/load",
	]);
});

test("a change is shown with its difference, effects and problems before it is made", async () => {
	const { service, machine } = await senseForTest({ connections: { press } });
	const wrong = await service.previewChange({
		connection: "new",
		maps: {},
		settings: {
			driver: "blocks",
			settings: { host: 5 },
			machines: [{ asset: "plant/x", map: "nowhere" }],
			tags: { "plant/press/force": tag(1), "plant/x/a": tag(-1), "Plant/X": tag(2), "plant/x/b": tag(3, { unit: "Celsius" }) },
		},
	});
	const codes = wrong.problems.map(({ code }) => code);
	for (const code of [
		"sense.settings-invalid",
		"sense.map-unknown",
		"sense.tag-doubled",
		"sense.address-invalid",
		"sense.tag-invalid",
		"core.unit-invalid",
	])
		expect(codes).toContain(code);
	await expect(
		service.applyChange(
			{ connection: "new", maps: {}, settings: { driver: "none", settings: {} }, revision: wrong.revision },
			call,
		),
	).rejects.toMatchObject({ kind: "input" });
	const draft = { connection: "new", maps: {}, settings: { ...oven, settings: { host: "10.0.0.9", password: "hunter2" } } };
	const preview = await service.previewChange(draft);
	expect(preview.problems).toEqual([]);
	expect(preview.effects[0]).toContain("Connects new at 10.0.0.9 and reads 1 tags");
	expect(preview.diff).toContain("+");
	expect(preview.diff).not.toContain("hunter2");
	await service.applyChange({ ...draft, revision: preview.revision }, call);
	await eventually(
		async () => (await service.connections({})).connections.find(({ connection }) => connection === "new")?.state === "connected",
	);
	const shown = await service.connection({ connection: "new" });
	expect(JSON.stringify(shown)).not.toContain("hunter2");
	const again = await service.previewChange({ connection: "new", maps: {}, settings: { ...shown.settings, title: "New oven" } });
	expect(again.problems).toEqual([]);
	await service.applyChange(
		{ connection: "new", maps: {}, settings: { ...shown.settings, title: "New oven" }, revision: again.revision },
		call,
	);
	await expect(service.applyChange({ ...draft, revision: preview.revision }, call)).rejects.toMatchObject({
		code: "config.revision-stale",
	});
	await eventually(() => machine.opens === 3);
	const gone = await service.previewChange({ connection: "new", maps: {}, settings: null });
	await service.applyChange({ connection: "new", maps: {}, settings: null, revision: gone.revision }, call);
	expect((await service.connections({})).connections.map(({ connection }) => connection)).toEqual(["press"]);
});

test("passwords may stand in the environment", async () => {
	const { machine, service } = await senseForTest({
		connections: {
			press: { ...press, settings: { host: "h", password: inEnvironment("MILLWRIGHT_SECRET_PLC") } },
			other: { ...oven, settings: { host: "h", password: inEnvironment("MILLWRIGHT_SECRET_NOBODY") } },
		},
	});
	const settled = ({ state }: { state: string }) => state !== "connecting";
	await eventually(async () => (await service.connections({})).connections.every(settled));
	expect(machine.opens).toBe(1);
	const { connections } = await service.connections({});
	expect(connections.find(({ connection }) => connection === "press")?.state).toBe("connected");
	expect(connections.find(({ connection }) => connection === "other")).toMatchObject({
		state: "misconfigured",
		reason: "The environment has no MILLWRIGHT_SECRET_NOBODY",
	});
});

test("a stored password is never sent anywhere but where it is sent today", async () => {
	const settings = { host: "10.0.0.5", port: 502, password: "hunter2" };
	const { service, machine } = await senseForTest({ connections: { press: { ...press, settings } } });
	await eventually(() => machine.opens === 1);
	const { settings: shown } = await service.connection({ connection: "press" });
	const masked = shown.settings as typeof settings;
	expect(masked.password).not.toBe("hunter2");
	const addresses = [{ register: 1 }];
	await service.testRead({ driver: "blocks", settings: masked, addresses });
	expect(machine.settings.at(-1)).toEqual(settings);
	const elsewhere = [
		{ driver: "blocks", settings: { ...masked, host: "10.6.6.6" } },
		{ driver: "blocks", settings: { ...masked, port: 503 } },
		{ driver: "blocks", settings: { host: "10.0.0.5", password: masked.password } },
		{ driver: "items", settings: masked },
	];
	for (const draft of elsewhere) {
		await expect(service.testRead({ ...draft, addresses })).rejects.toMatchObject({ code: "sense.secret-masked", kind: "input" });
		await expect(service.browse(draft)).rejects.toMatchObject({ code: "sense.secret-masked" });
		const change = { connection: "press", maps: {}, settings: { ...shown, ...draft } };
		const preview = await service.previewChange(change);
		expect(preview.problems.map(({ code }) => code)).toContain("sense.secret-masked");
		await expect(service.applyChange({ ...change, revision: preview.revision }, call)).rejects.toMatchObject({ kind: "input" });
		const copy = await service.previewChange({ ...change, connection: "copy" });
		expect(copy.problems.map(({ code }) => code)).toContain("sense.secret-masked");
	}
	expect(machine.settings).toEqual([settings, settings]);
	expect(machine.opens).toBe(2);
});

test("a machine can be read for a test with bytes and word orders, and the session is closed again", async () => {
	const { service, machine } = await senseForTest({});
	machine.registers.set(4, 258);
	machine.refused.add(9);
	const { readings } = await service.testRead({
		driver: "blocks",
		settings: { host: "h" },
		addresses: [{ register: 4 }, { register: 9 }, { register: -3 }],
	});
	expect(readings[0]).toMatchObject({
		address: "register 4",
		value: 258,
		quality: "good",
		raw: "0102",
		orders: [{ order: "BA", value: 513 }],
	});
	expect(readings[1]).toMatchObject({ quality: "bad:device", reason: "exception 2 illegal data address" });
	expect(readings[2]).toMatchObject({ quality: "bad:configuration" });
	expect([machine.opens, machine.closes]).toEqual([1, 1]);
	machine.isReachable = false;
	await expect(
		service.testRead({ driver: "blocks", settings: { host: "h" }, addresses: [{ register: 4 }] }),
	).rejects.toMatchObject({ kind: "outage" });
	const { drivers } = await service.drivers({});
	expect(drivers.map(({ name, canBrowse }) => [name, canBrowse])).toEqual([
		["blocks", false],
		["items", true],
	]);
	expect(drivers[0]?.address).toMatchObject({ type: "object", properties: { register: { type: "integer" } } });
});

test("a value is written in the machine's own measure, read back and told", async () => {
	const { service, machine, events, heard } = await senseForTest({ connections: { press } });
	machine.registers.set(1, 500);
	await eventually(async () => (await service.tags({ limit: 10, offset: 0 })).tags.some(({ value }) => value === 50));
	await expect(service.write({ tag: "plant/press/force", value: 60, expected: 49 }, call)).rejects.toMatchObject({
		code: "sense.value-changed",
		kind: "conflict",
	});
	await expect(service.write({ tag: "plant/press/force", value: 160 }, call)).rejects.toMatchObject({
		code: "sense.value-unfit",
	});
	await expect(service.write({ tag: "plant/press/count", value: 1 }, call)).rejects.toMatchObject({
		code: "sense.not-writable",
		kind: "denied",
	});
	await expect(service.write({ tag: "plant/press/none", value: 1 }, call)).rejects.toMatchObject({ kind: "missing" });
	expect(machine.writes).toEqual([]);
	expect(await service.write({ tag: "plant/press/force", value: 23.7, expected: 50 }, call)).toEqual({
		before: 50,
		after: 23.700000000000003,
	});
	expect(machine.writes).toEqual([[1, 237]]);
	expect(events.find((event) => (event as { name: string }).name === valueWritten.name)).toMatchObject({
		tag: "plant/press/force",
		value: 23.7,
		who: "user_ada",
	});
	await eventually(() => heard.some((batch) => batch.values.includes(23.700000000000003)));
});

test("samples of others are numbered, durable and counted like a machine's, also over a restart", async () => {
	const folder = mkdtempSync(join(tmpdir(), "sense-"));
	const before = await senseForTest({}, { folder });
	const [id] = before.directory.assign(["plant/line/remote"]) as unknown as [number];
	const rows = (count: number) =>
		Array.from({ length: count }, (_, i) => ({ tag: id, time: BigInt(i), value: i, quality: Quality.good }));
	const answers = await Promise.all([
		before.ingest("mqtt", rows(3), { receivedMs: 1 }),
		before.ingest("mqtt", rows(2), { receivedMs: 2 }),
	]);
	expect(answers).toEqual([
		{ first: 0, last: 2 },
		{ first: 3, last: 4 },
	]);
	await before.stop();
	const after = await senseForTest({}, { folder });
	expect(await after.ingest("mqtt", rows(1), { receivedMs: 3 })).toEqual({ first: 5, last: 5 });
	const { connections } = await after.service.ledger({});
	expect(connections.mqtt).toMatchObject({ read: 6, sent: 6, buffered: 6, expired: 0 });
	await eventually(() => after.heard.filter(({ length }) => length > 0).reduce((sum, { length }) => sum + length, 0) === 6);
});

test("counts of tags go on after a restart", async () => {
	const folder = mkdtempSync(join(tmpdir(), "sense-"));
	const before = await senseForTest({ connections: { press } }, { folder });
	await eventually(() => before.heard.length >= 5);
	await before.stop();
	const rows = before.heard.reduce((sum, { length }) => sum + length, 0);
	const after = await senseForTest({ connections: { press } }, { folder });
	await eventually(() => after.machine.opens === 1);
	const { tags } = await after.service.tags({ limit: 10, offset: 0 });
	const sent = tags.reduce((sum, { ledger }) => sum + ledger.sent, 0);
	expect(sent).toBeGreaterThanOrEqual(rows);
	expect(tags.every(({ ledger }) => ledger.read >= 5)).toBe(true);
	const { press: even } = (await after.service.ledger({})).connections;
	expect(even?.sent).toBeGreaterThanOrEqual(sent);
	// Stopping marked each tag once.
	expect(even?.made).toBe(2);
	expect(even?.read).toBe((even?.sent ?? 0) - 2);
});

test("decisions about certificates are kept in a file and outlive a restart", async () => {
	const folder = mkdtempSync(join(tmpdir(), "sense-"));
	const certificate: PeerCertificate = {
		thumbprint: "feed",
		subject: "CN=plc",
		issuer: "CN=ca",
		validFromMs: 1,
		validUntilMs: 2,
		pem: "pem",
	};
	const first = await senseForTest({}, { folder });
	first.machine.openWith = ({ trust }) => {
		if (!trust.isTrusted(certificate)) throw new CertificateUntrusted(certificate);
	};
	await expect(
		first.service.testRead({ driver: "blocks", settings: { host: "h" }, addresses: [{ register: 1 }] }),
	).rejects.toMatchObject({ code: "sense.certificate-untrusted", data: { thumbprint: "feed" } });
	expect((await first.service.certificates({})).certificates).toMatchObject([{ thumbprint: "feed", state: "waiting" }]);
	expect(await first.service.decideCertificate({ thumbprint: "feed", trust: true })).toMatchObject({ state: "trusted" });
	await expect(first.service.decideCertificate({ thumbprint: "none", trust: true })).rejects.toMatchObject({ kind: "missing" });
	await first.stop();
	expect(JSON.parse(readFileSync(join(folder, "sense", "trust.json"), "utf8")).certificates[0].state).toBe("trusted");
	const second = await senseForTest({}, { folder });
	expect((await second.service.certificates({})).certificates).toMatchObject([{ thumbprint: "feed", state: "trusted" }]);
});

test("health means good values: a socket that is open and gives none is not good, and says for how long", async () => {
	const { machine, part, service } = await senseForTest({ connections: { press: { ...press, timeout: "100ms" } } });
	const age = () => part.figures?.().find(({ name }) => name === "sense_connection_last_good_age_ms")?.value;
	await eventually(() => part.health?.().state === "good");
	expect(age()).toBeLessThan(5000);
	expect((await service.connections({})).connections[0]?.lastGoodAgeMs).toBeLessThan(5000);
	// The machine answers, and nothing it says is a value.
	machine.throwInDecode = true;
	await eventually(() => part.health?.().state === "degraded");
	expect((await service.connections({})).connections[0]).toMatchObject({ state: "connected", good: 0 });
	expect(part.health?.().reason).toMatch(/^press: connected, but no good value for \d+ s$/);
	const before = age() as number;
	await eventually(() => (age() as number) > before);
	machine.throwInDecode = false;
	await eventually(() => part.health?.().state === "good");
});

test("health of a connection that never gave a value says so; one that is switched off asks for nothing", async () => {
	const { machine, part } = await senseForTest({ connections: { press, oven: { ...oven, enabled: false } } });
	await eventually(() => part.health?.().state === "good");
	machine.isReachable = false;
	machine.tools?.lost(new Error("the cable is out"));
	await eventually(() => /^press: .*; no good value for \d+ s$/.test(part.health?.().reason ?? ""));
	const mute = await senseForTest({ connections: { press } });
	mute.machine.isMute = true;
	await eventually(() => mute.machine.opens === 1);
	await mute.config.apply([{ path: ["sense", "connections", "press", "title"], value: "Press" }], { who: "Ada" });
	await eventually(() => mute.machine.opens === 2 && mute.part.health?.().state === "degraded");
	expect(mute.part.health?.().reason).toBe("press: connected, but no good value ever");
});

test("a subscribed value that stands still stays young as long as its machine shows that it is watched", async () => {
	const { items, part } = await senseForTest({
		connections: {
			quiet: {
				driver: "items",
				settings: { endpoint: "e" },
				every: "50ms",
				tags: { "plant/quiet/level": { address: { item: "a" } } },
			},
		},
	});
	const age = () => part.figures?.().find(({ name }) => name === "sense_connection_last_good_age_ms")?.value ?? -1;
	await eventually(() => age() > 100);
	const old = age();
	items.alive();
	expect(age()).toBeLessThan(old);
	expect(part.health?.().state).toBe("good");
});
