import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
	type BlockSession,
	DeviceRefusal,
	type Driver,
	type DriverSession,
	isBad,
	isGood,
	type Log,
	MillwrightError,
	type PeerCertificate,
	type Value,
} from "@millwright/core";
import { createClock } from "@millwright/runtime";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

/** A real machine of the driver's protocol, on a socket, that the suite may treat badly. */
export interface DriverPeer {
	/** As in the configuration. */
	settings: Record<string, unknown>;
	/** Addresses and the values the peer holds there. */
	known: { address: Record<string, unknown>; value: Value }[];
	/** A well-formed address the peer does not have. */
	missing: Record<string, unknown>;
	/** Where may be written, and what; `held` asks the peer itself. */
	writable: { address: Record<string, unknown>; values: Value[]; held(): Value | Promise<Value> }[];
	/** Its value changes, seen from the peer's side; for subscriptions. */
	changing?: { address: Record<string, unknown>; change(value: number): void };
	/** Gone at once, with all its sockets. */
	kill(): Promise<void>;
	/** The same peer at the same place. */
	revive(): Promise<void>;
	/** Half-open: sockets stay, nothing is answered; `thaw` answers what was asked meanwhile. */
	freeze?(): void;
	thaw?(): void;
	close(): Promise<void>;
}

export interface DriverSuite {
	/** What driver and peer can do beyond reading and writing; the tests of the rest are left out. */
	abilities: readonly ("freeze" | "subscribe" | "browse")[];
	open(): Promise<DriverPeer>;
	/** Settings that must be refused without touching anything. */
	wrongSettings: Record<string, unknown>[];
	wrongAddresses: Record<string, unknown>[];
	/** Settings of a place where nobody listens, made from the peer's own. */
	nowhere(settings: Record<string, unknown>): Record<string, unknown>;
	/** Decisions about certificates; everything is trusted when left out. */
	isTrusted?(certificate: PeerCertificate): boolean;
}

const quiet: Log = { debug() {}, info() {}, warn() {}, error() {}, part: () => quiet };
const soon = (): AbortSignal => AbortSignal.timeout(5000);

/** What every driver owes the runtime above it, run against a real peer. */
export function driverSuite(driver: Driver, suite: DriverSuite): void {
	describe(`the driver "${driver.name}"`, () => {
		let peer: DriverPeer;
		let folder: string;
		beforeAll(async () => {
			folder = await mkdtemp(join(tmpdir(), `millwright-${driver.name}-`));
			peer = await suite.open();
		}, 60_000);
		afterAll(async () => {
			await peer?.close();
			await rm(folder, { recursive: true, force: true });
		});

		const dial = async (settings: Record<string, unknown> = peer.settings, signal?: AbortSignal) => {
			const ending = new AbortController();
			const losses: Error[] = [];
			let onLoss: (reason: Error) => void = () => {};
			const lost = new Promise<Error>((resolve) => {
				onLoss = resolve;
			});
			const session: DriverSession<unknown> = await driver.open(driver.settings.parse(settings), {
				clock: createClock(),
				log: quiet,
				signal: signal ?? ending.signal,
				folder,
				lost: (reason) => {
					losses.push(reason);
					onLoss(reason);
				},
				trust: { isTrusted: suite.isTrusted ?? (() => true) },
			});
			return { session, losses, lost, ending };
		};
		const can = (ability: DriverSuite["abilities"][number]): boolean => suite.abilities.includes(ability);
		const testIf = (ability: DriverSuite["abilities"][number], name: string, run: () => Promise<void>): void => {
			if (can(ability)) test(name, run);
		};
		const at = (address: Record<string, unknown>): unknown => driver.address.parse(address);

		const readOne = async (
			session: DriverSession<unknown>,
			address: Record<string, unknown>,
			signal = soon(),
		): Promise<Value> => {
			if (session.kind === "block") return readBlock(session, address, signal);
			const [reading] = await session.read([at(address)], signal);
			if (!reading) throw new Error("read answered nothing");
			if (isBad(reading.quality)) throw new Error(reading.reason ?? "bad without a reason");
			return reading.value;
		};
		const readBlock = async (
			session: BlockSession<unknown>,
			address: Record<string, unknown>,
			signal: AbortSignal,
		): Promise<Value> => {
			const parsed = at(address);
			if (!driver.span || !driver.decode) throw new Error("a block driver has span and decode");
			return driver.decode(parsed, await session.readBlock(driver.span(parsed), signal));
		};
		const eventually = async (fact: () => Promise<boolean> | boolean): Promise<void> => {
			await expect.poll(fact, { timeout: 15_000, interval: 20 }).toBe(true);
		};

		test("refuses wrong settings before anything is touched", () => {
			for (const settings of suite.wrongSettings)
				expect(driver.settings.safeParse(settings).success, JSON.stringify(settings)).toBe(false);
			expect(driver.settings.safeParse(peer.settings).success).toBe(true);
		});

		test("refuses wrong addresses and describes right ones", () => {
			for (const address of suite.wrongAddresses)
				expect(driver.address.safeParse(address).success, JSON.stringify(address)).toBe(false);
			for (const { address } of peer.known) expect(driver.describe(at(address)).length).toBeGreaterThan(3);
		});

		test("has forms for its settings and addresses", () => {
			for (const schema of [driver.settings, driver.address])
				expect(schema.toJSONSchema({ io: "input" })).toMatchObject({ type: "object" });
		});

		test("reads the values the peer holds", async () => {
			const { session } = await dial();
			for (const { address, value } of peer.known)
				expect(await readOne(session, address), JSON.stringify(address)).toEqual(value);
			await session.close();
		});

		test("answers many reads at once, each with its own value", async () => {
			const { session } = await dial();
			const asked = Array.from({ length: 48 }, (_, i) => peer.known[i % peer.known.length] as DriverPeer["known"][number]);
			const read = await Promise.all(asked.map(({ address }) => readOne(session, address)));
			expect(read).toEqual(asked.map(({ value }) => value));
			await session.close();
		});

		test("what the device refuses is a refusal of that item alone", async () => {
			const { session, losses } = await dial();
			const known = peer.known[0] as DriverPeer["known"][number];
			if (session.kind === "block") {
				await expect(readOne(session, peer.missing)).rejects.toBeInstanceOf(DeviceRefusal);
				expect(await readOne(session, known.address)).toEqual(known.value);
			} else {
				const readings = await session.read([at(known.address), at(peer.missing), at(known.address)], soon());
				expect(readings.map(({ quality }) => [isGood(quality), isBad(quality)])).toEqual([
					[true, false],
					[false, true],
					[true, false],
				]);
				expect(readings[1]?.reason).toBeTruthy();
				expect(readings[0]?.value).toEqual(known.value);
			}
			expect(losses).toEqual([]);
			await session.close();
		});

		test("writes arrive at the peer", async () => {
			const { session } = await dial();
			for (const { address, values, held } of peer.writable)
				for (const value of values) {
					await session.write?.(at(address), value, soon());
					expect(await held(), JSON.stringify(address)).toEqual(value);
					expect(await readOne(session, address)).toEqual(value);
				}
			await session.close();
		});

		testIf("freeze", "a read given up settles at once and harms no later read", async () => {
			const { session } = await dial();
			const known = peer.known[0] as DriverPeer["known"][number];
			await readOne(session, known.address);
			peer.freeze?.();
			const giveUp = new AbortController();
			const reads = peer.known.map(({ address }) => readOne(session, address, giveUp.signal));
			const settled = Promise.allSettled(reads);
			const reason = new Error("took too long");
			giveUp.abort(reason);
			for (const result of await settled) expect(result.status).toBe("rejected");
			peer.thaw?.();
			for (const { address, value } of peer.known) expect(await readOne(session, address)).toEqual(value);
			await session.close();
		});

		testIf("subscribe", "reports changes of a subscription, and life, until it is stopped", async () => {
			const { session } = await dial();
			if (session.kind !== "item" || !session.subscribe || !peer.changing) throw new Error("no way to subscribe");
			const { address, change } = peer.changing;
			const seen: Value[] = [];
			let refused: boolean | undefined;
			let alive = 0;
			change(1);
			const subscription = await session.subscribe(
				[at(address), at(peer.missing)],
				{ samplingMs: 20 },
				(index, reading) => {
					if (index === 1) refused = isBad(reading.quality) && Boolean(reading.reason);
					else if (isGood(reading.quality)) seen.push(reading.value);
				},
				() => alive++,
				soon(),
			);
			await eventually(() => seen.at(-1) === 1);
			change(2);
			await eventually(() => seen.at(-1) === 2);
			expect(refused).toBe(true);
			await eventually(() => alive > 0);
			await subscription.stop();
			const count = seen.length;
			change(3);
			expect(await readOne(session, address)).toBe(3);
			expect(seen.length).toBe(count);
			await session.close();
		});

		testIf("browse", "browsing leads to addresses that can be read", async () => {
			const { session } = await dial();
			if (!session.browse) throw new Error("no way to browse");
			const waiting: (string | undefined)[] = [undefined];
			let read = 0;
			for (let steps = 0; steps < 40 && waiting.length > 0 && read === 0; steps++) {
				for (const entry of await session.browse(waiting.shift(), soon())) {
					if (entry.kind === "object") waiting.push(entry.node);
					else if (entry.address) {
						await readOne(session, entry.address as Record<string, unknown>);
						read++;
					}
				}
			}
			expect(read).toBeGreaterThan(0);
			await session.close();
		});

		test("a closed session fails its reads and reports no loss", async () => {
			const { session, losses } = await dial();
			await session.close();
			await session.close();
			const known = peer.known[0] as DriverPeer["known"][number];
			await expect(readOne(session, known.address)).rejects.toThrow();
			expect(losses).toEqual([]);
		});

		test("a peer that dies is reported lost once, and nothing hangs", async () => {
			const { session, losses, lost } = await dial();
			const known = peer.known[0] as DriverPeer["known"][number];
			await readOne(session, known.address);
			peer.freeze?.();
			const pending = Promise.allSettled([readOne(session, known.address)]);
			await peer.kill();
			peer.thaw?.();
			expect(await lost).toBeInstanceOf(Error);
			if (can("freeze")) expect((await pending)[0]?.status).toBe("rejected");
			await expect(readOne(session, known.address)).rejects.toThrow();
			await session.close();
			expect(losses.length).toBe(1);
			await peer.revive();
			const again = await dial();
			expect(await readOne(again.session, known.address)).toEqual(known.value);
			await again.session.close();
		});

		test("where nobody listens, opening fails with an outage a person can act on", async () => {
			const failure = await dial(suite.nowhere(peer.settings)).then(
				() => undefined,
				(error: unknown) => error,
			);
			expect(failure).toBeInstanceOf(MillwrightError);
			expect((failure as MillwrightError).kind).toBe("outage");
			expect((failure as MillwrightError).hint).toBeTruthy();
		});

		test("opening can be given up, and so can what was opened", async () => {
			const given = new AbortController();
			given.abort(new Error("not wanted any more"));
			await expect(dial(peer.settings, given.signal)).rejects.toThrow();
			const { session, ending, losses } = await dial();
			ending.abort(new Error("the connection ends"));
			const known = peer.known[0] as DriverPeer["known"][number];
			await expect(readOne(session, known.address)).rejects.toThrow();
			await session.close();
			expect(losses).toEqual([]);
		});
	});
}
