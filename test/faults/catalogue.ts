import { bothKilled } from "./both-killed.ts";
import { clockSet } from "./clock-set.ts";
import { diskFull } from "./disk-full.ts";
import { type Factory, type FactoryOptions, openFactory, wholeLoad } from "./factory.ts";
import { coldFileDamaged, historyDamaged, ringDamaged } from "./files-damaged.ts";
import { floodingClients } from "./flooding-clients.ts";
import { frozenSubscriber } from "./frozen-subscriber.ts";
import { garbage } from "./garbage.ts";
import { halfOpen } from "./half-open.ts";
import { type HostileMachine, hostileConnections, openHostileMachine } from "./hostile-machines.ts";
import { lateDocuments } from "./late-documents.ts";
import { lineDown, openLineDown } from "./line-down.ts";
import { lineHalfOpen } from "./line-half-open.ts";
import { lineTampered } from "./line-tampered.ts";
import { type MixingPlc, mixingConnection, mixingMap, openMixingPlc } from "./mixing-plc.ts";
import { newNodeIds } from "./new-node-ids.ts";
import type { Outcome } from "./outcome.ts";
import { plcKilled } from "./plc-killed.ts";
import { reconnectStorm } from "./reconnect-storm.ts";
import { serverKilled } from "./server-killed.ts";
import { serverStopped } from "./server-stopped.ts";
import { slowBrowser } from "./slow-browser.ts";
import { openSpine, type Spine, type SpineOptions } from "./spine.ts";
import { staleIds } from "./stale-ids.ts";
import { upgradeKilled } from "./upgrade-killed.ts";

export interface Order {
	/** How often the faults that repeat are done. */
	count: number;
	seed: number;
	say(line: string): void;
}

export interface Fault {
	title: string;
	runs(order: Order): number;
	run(order: Order): Promise<Outcome>;
}

interface Opened {
	words(): string;
	crashes(): number;
	close(): Promise<void>;
}

/** What it said goes with what went wrong. */
async function on<T extends Opened>(opened: T, work: (it: T) => Promise<Outcome>): Promise<Outcome> {
	try {
		const outcome = await work(opened);
		if (outcome.lost + outcome.duplicated + outcome.reordered + outcome.crashed > 0) console.error(opened.words().slice(-10_000));
		return outcome;
	} catch (thrown) {
		console.error(opened.words().slice(-10_000));
		throw thrown;
	} finally {
		await opened.close();
	}
}

/** The whole server and the load plant, 500 values at 10 Hz. */
const inFactory = async (work: (factory: Factory) => Promise<Outcome>, options: Omit<FactoryOptions, "shape"> = {}) =>
	on(await openFactory({ shape: wholeLoad, ...options }), work);
/** Machines, edge, line and centre. */
const onSpine = async (work: (spine: Spine) => Promise<Outcome>, options: SpineOptions = {}) =>
	on(await openSpine(options), work);

const once = () => 1;

async function besideMixingPlc(work: (factory: Factory, plc: MixingPlc) => Promise<Outcome>): Promise<Outcome> {
	const plc = await openMixingPlc({ timeoutMs: 1000 });
	try {
		return await inFactory((factory) => work(factory, plc), {
			connections: { mixing: mixingConnection(plc.server.port) },
			maps: { mixing: mixingMap },
		});
	} finally {
		await plc.close();
	}
}

async function besideHostileMachine(
	seed: number,
	work: (factory: Factory, machine: HostileMachine) => Promise<Outcome>,
): Promise<Outcome> {
	const machine = await openHostileMachine(seed);
	try {
		return await inFactory((factory) => work(factory, machine), { connections: hostileConnections(machine.port) });
	} finally {
		machine.close();
	}
}

/** Every fault, each on processes of its own. */
export const catalogue: Record<string, Fault> = {
	"both-killed": {
		title: "`kill -9` of edge, centre or both at random moments",
		runs: ({ count }) => count,
		run: (order) => onSpine((spine) => bothKilled(spine, order)),
	},
	"line-down": {
		title: "the line to the centre out for 72 h, then back",
		runs: once,
		run: async () => {
			const { spine, backlog } = await openLineDown({ everyMs: 20_000 });
			return on(spine, () => lineDown(spine, { backlog, atLeastTimes: 20 }));
		},
	},
	"line-half-open": {
		title: "the line to the centre stands and hands nothing on",
		runs: () => 3,
		run: () => onSpine((spine) => lineHalfOpen(spine, { rounds: 3 })),
	},
	"line-tampered": {
		title: "messages between edge and centre twice, late, cut short, forged, replayed, swallowed, torn",
		runs: () => 300,
		run: ({ seed }) => onSpine((spine) => lineTampered(spine, { tricks: 300, seed })),
	},
	"edge-disk-full": {
		title: "no byte left under the edge",
		runs: once,
		run: () => onSpine((spine) => diskFull(spine, { side: "edge" }), { disks: { edge: 12 } }),
	},
	"centre-disk-full": {
		title: "no byte left under the centre",
		runs: once,
		run: () => onSpine((spine) => diskFull(spine, { side: "centre" }), { disks: { centre: 96 } }),
	},
	"edge-clock-set": {
		title: "the edge's clock an hour ahead, right, an hour back, right",
		runs: () => 4,
		run: () => onSpine((spine) => clockSet(spine, { side: "edge" }), { clocks: ["edge"] }),
	},
	"centre-clock-set": {
		title: "the centre's clock an hour ahead, right, an hour back, right",
		runs: () => 4,
		run: () => onSpine((spine) => clockSet(spine, { side: "centre" }), { clocks: ["centre"] }),
	},
	"history-damaged": {
		title: "the history's log and database spoilt or cut short while the centre is down",
		runs: () => 4,
		run: ({ seed }) => onSpine((spine) => historyDamaged(spine, { seed })),
	},
	"cold-file-damaged": {
		title: "a day's Parquet file spoilt",
		runs: once,
		run: async ({ seed }) => {
			const { spine, backlog } = await openLineDown({ everyMs: 600_000 });
			return on(spine, () => coldFileDamaged(spine, { seed, backlog }));
		},
	},
	"ring-damaged": {
		title: "the edge's ring and its log spoilt or cut short while it is down",
		runs: () => 4,
		run: ({ seed }) => onSpine((spine) => ringDamaged(spine, { seed })),
	},
	"upgrade-killed": {
		title: "`kill -9` in the middle of an upgrade",
		runs: () => 12,
		run: ({ seed }) => upgradeKilled({ kills: 12, seed }),
	},
	"server-killed": {
		title: "`kill -9` of the whole server at random moments, 500 values at 10 Hz",
		runs: ({ count }) => Math.min(count, 50),
		run: ({ count, ...order }) => inFactory((factory) => serverKilled(factory, { ...order, count: Math.min(count, 50) })),
	},
	"server-stopped": { title: "SIGTERM under load", runs: once, run: () => inFactory(serverStopped) },
	"plc-killed": { title: "a line cut, the machines' power lost", runs: once, run: () => inFactory(plcKilled) },
	"half-open": { title: "machines that say nothing behind open sockets", runs: once, run: () => inFactory(halfOpen) },
	"stale-ids": { title: "answers to other questions", runs: once, run: () => besideMixingPlc(staleIds) },
	"new-node-ids": { title: "an OPC UA server back with other node ids", runs: once, run: () => inFactory(newNodeIds) },
	"slow-browser": {
		title: "a browser that reads no more",
		runs: once,
		run: () => inFactory((factory) => slowBrowser(factory, { frames: 400 })),
	},
	"frozen-subscriber": {
		title: "a frozen subscriber, a message of 10 MB",
		runs: once,
		run: () => inFactory((factory) => frozenSubscriber(factory, { floods: 500 })),
	},
	"flooding-clients": {
		title: "50 publishers as fast as they can",
		runs: once,
		run: () => inFactory((factory) => floodingClients(factory, { publishers: 50, messages: 2000 })),
	},
	"reconnect-storm": {
		title: "500 sessions cut off and back at once, five times",
		runs: once,
		run: () => inFactory((factory) => reconnectStorm(factory, { clients: 500, rounds: 5 })),
	},
	garbage: {
		title: "nonsense on every port and from machines",
		runs: once,
		run: ({ seed }) => besideHostileMachine(seed, (factory, machine) => garbage(factory, { count: 900, seed, machine })),
	},
	"late-documents": {
		title: "MQTT documents out of order and twice",
		runs: once,
		run: ({ seed }) => inFactory((factory) => lateDocuments(factory, { count: 1000, seed })),
	},
};
