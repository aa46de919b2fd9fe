import { spawn } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type EdgeStatus, readStatus } from "../../apps/edge/src/status.ts";
import { loadConfig } from "../../apps/simulator/src/load-config.ts";
import type { LoadShape } from "../../apps/simulator/src/load-simulator.ts";
import { type LoadPlant, startLoadPlant } from "../kit/load-plant.ts";
import { type ServerReady, type Session, signIn, throwAwayFolder, until } from "../kit/platform.ts";
import { fixedPorts } from "../kit/ports.ts";
import { type Running, root, startProgram } from "../kit/processes.ts";
import { type Cable, layCable } from "./cable.ts";
import type { Interruption } from "./factory.ts";
import { type FalseClock, openFalseClock } from "./false-clock.ts";
import { openSmallDisk, type SmallDisk } from "./small-disk.ts";
import type { CountingTag } from "./stored-values.ts";

export type Side = "edge" | "centre";
export const gateway = "line-1";

/** Modbus servers, an edge, a line we hold in our hands, and a centre: every one a process of its own. */
export interface Spine {
	readonly plant: LoadPlant;
	readonly cable: Cable;
	readonly session: Session;
	readonly folder: string;
	readonly mqttPort: number;
	/** As the centre showed it once. */
	readonly key: string;
	/** The plant's counters as the centre's history names them. */
	readonly tags: readonly CountingTag[];
	/** Connections of the edge as the centre knows them. */
	readonly connections: readonly string[];
	/** Ends of the edge and of machines that we brought about; nothing else excuses a missing value. */
	readonly interruptions: Interruption[];
	/** Of the sides that were given one. */
	readonly disks: Partial<Record<Side, SmallDisk>>;
	readonly clocks: Partial<Record<Side, FalseClock>>;
	/** The data folder as seen from here. */
	dataOf(side: Side): string;
	running(side: Side): Running<unknown>;
	start(side: Side): Promise<void>;
	kill(side: Side): Promise<void>;
	stop(side: Side): Promise<void>;
	/** A start that does not come to its end. */
	killWhileStarting(side: Side, afterMs: number): Promise<void>;
	/** As the edge wrote it last. */
	edgeStatus(): EdgeStatus | undefined;
	/** By connection as the centre knows it: what its history holds. */
	stored(): Promise<Record<string, number>>;
	/** Waits until so many more values of every connection are stored than now. */
	more(rows: number, what: string): Promise<void>;
	words(): string;
	/** Ends nobody asked for, and errors that got out of their part, since the last question. */
	crashes(): number;
	close(): Promise<void>;
}

export const wholeSpine: LoadShape = {
	modbusConnections: 2,
	registersPerConnection: 20,
	opcuaTags: 0,
	rate: 10,
	counting: "reads",
};

export interface SpineOptions {
	shape?: LoadShape;
	/** A disk of so many MB for its data. */
	disks?: Partial<Record<Side, number>>;
	/** Whose clock is in our hands. */
	clocks?: readonly Side[];
	/** Laid over what is usual here. */
	sense?: Record<string, unknown>;
	uplink?: Record<string, unknown>;
	centre?: Record<string, unknown>;
	/** Makes what the edge's folder holds before its first start. */
	prepare?(data: string, cable: Cable): Promise<void>;
}

const escaped = /escaped its part|nobody listened/;
const programs: Record<Side, string> = { edge: "apps/edge/src/main.ts", centre: "apps/server/src/main.ts" };

export async function openSpine({
	shape = wholeSpine,
	disks: sizes = {},
	clocks: whose = [],
	sense = {},
	uplink = {},
	centre = {},
	prepare,
}: SpineOptions = {}): Promise<Spine> {
	const { folder, remove } = throwAwayFolder("spine");
	const closing: (() => Promise<void> | void)[] = [remove];
	const close = async () => {
		for (const one of closing.splice(0).reverse()) await one();
	};
	try {
		return await open();
	} catch (thrown) {
		await close();
		throw thrown;
	}

	async function open(): Promise<Spine> {
		const plant = await startLoadPlant({ shape, folder: join(folder, "plant") });
		closing.push(() => plant.stop());
		const [httpPort, mqttPort] = (await fixedPorts(2)) as [number, number];
		const files: Record<Side, string> = { edge: join(folder, "edge.yaml"), centre: join(folder, "millwright.yaml") };
		const data: Record<Side, string> = { edge: join(folder, "edge"), centre: join(folder, "centre") };
		const disks: Partial<Record<Side, SmallDisk>> = {};
		const clocks: Partial<Record<Side, FalseClock>> = {};
		for (const side of ["edge", "centre"] as const) {
			mkdirSync(data[side], { recursive: true });
			const mb = sizes[side];
			if (mb !== undefined) {
				const disk = await openSmallDisk(data[side], mb);
				closing.push(disk.close);
				disks[side] = disk;
			}
			if (whose.includes(side)) clocks[side] = openFalseClock(join(folder, `clock-of-${side}`));
		}
		writeFileSync(
			files.centre,
			JSON.stringify({
				http: { listen: { port: httpPort }, rateLimit: 100_000 },
				namespace: { mqtt: { listen: { port: mqttPort } } },
				log: { level: "warn" },
				...centre,
			}),
		);
		const programArguments = (side: Side) => [
			...(side === "centre" ? ["start"] : []),
			...["--config", files[side], "--data", data[side], "--ready-json"],
		];
		const environments = (side: Side): Record<string, string> => ({
			...(side === "edge" ? { MILLWRIGHT_SECRET_UPLINK: key } : {}),
			...clocks[side]?.environment,
		});
		const sides: Partial<Record<Side, Running<unknown>>> = {};
		const meantToRun: Record<Side, boolean> = { edge: false, centre: false };
		const interruptions: Interruption[] = [];
		let key = "";
		let said = "";
		let diedAlone = 0;

		async function start(side: Side): Promise<Running<unknown>> {
			const started = await startProgram<unknown>(join(root, programs[side]), programArguments(side), {
				env: environments(side),
				through: disks[side]?.through ?? [],
			});
			sides[side] = started;
			meantToRun[side] = true;
			void started.exited.then((code) => {
				if (!meantToRun[side] || sides[side] !== started) return;
				diedAlone++;
				console.error(`The ${side} ended by itself with ${code}: ${started.errors().slice(-2000)}`);
			});
			return started;
		}
		async function end(side: Side, how: "kill" | "stop"): Promise<void> {
			const last = sides[side];
			if (!last) return;
			meantToRun[side] = false;
			await last[how]();
			said = (said + last.errors()).slice(-1_000_000);
		}
		/** An edge that is gone reads nothing; a centre that is gone excuses nothing. */
		const excused = async <T>(side: Side, work: () => Promise<T>): Promise<T> => {
			if (side === "centre") return work();
			const interruption: Interruption = { from: Date.now() - 1000, until: Number.POSITIVE_INFINITY, of: "server" };
			interruptions.push(interruption);
			try {
				return await work();
			} finally {
				interruption.until = Date.now();
			}
		};

		const ready = (await start("centre")).ready as ServerReady;
		closing.push(() => end("centre", "stop"));
		const session = await signIn(ready);
		key = (await session.namespace.admitGateway({ gateway, title: "Line 1", paths: ["northworks/load"] })).key;
		const cable = await layCable(mqttPort);
		closing.push(() => cable.close());
		const own = loadConfig(plant.ports, shape).sense as { connections: Record<string, object>; maps: object };
		const connections = Object.fromEntries(
			Object.entries(own.connections).map(([name, about]) => [
				name,
				{ timeout: 1000, retry: { first: 200, longest: 2000 }, ...about },
			]),
		);
		writeFileSync(
			files.edge,
			JSON.stringify({
				sense: { ...own, connections, ...sense },
				uplink: {
					centre: {
						url: `mqtt://127.0.0.1:${cable.port}`,
						gateway,
						key: `\${env:MILLWRIGHT_SECRET_UPLINK}`,
						keepAlive: 5000,
					},
					silence: 4000,
					...uplink,
				},
				local: { statusEvery: 250 },
				log: { level: "warn" },
			}),
		);
		if (prepare) {
			// Not in place: SQLite would find its way out of a file system that is seen through /proc.
			const prepared = join(folder, "prepared");
			mkdirSync(prepared);
			await prepare(prepared, cable);
			cpSync(prepared, disks.edge?.folder ?? data.edge, { recursive: true });
		}
		await start("edge");
		closing.push(() => end("edge", "stop"));

		const known = plant.targets.map((target) => `${gateway}/${target}`);
		const stored = async (): Promise<Record<string, number>> => {
			const ledger = (await session.sense.ledger({})).connections;
			return Object.fromEntries(known.map((name) => [name, ledger[name]?.stored ?? 0]));
		};
		const spine: Spine = {
			plant,
			cable,
			session,
			folder,
			mqttPort,
			key,
			connections: known,
			tags: plant.targets.flatMap((target) =>
				Array.from({ length: shape.registersPerConnection }, (_, at) => ({
					tag: `northworks/load/${target}/counter-${at + 1}`,
					connection: `${gateway}/${target}`,
				})),
			),
			interruptions,
			disks,
			clocks,
			dataOf: (side) => disks[side]?.folder ?? data[side],
			running: (side) => sides[side] as Running<unknown>,
			start: (side) => excused(side, async () => void (await start(side))),
			kill: (side) => excused(side, () => end(side, "kill")),
			stop: (side) => excused(side, () => end(side, "stop")),
			killWhileStarting: (side, afterMs) =>
				excused(side, async () => {
					const [command, ...before] = [...(disks[side]?.through ?? []), process.execPath];
					const child = spawn(command as string, [...before, join(root, programs[side]), ...programArguments(side)], {
						cwd: root,
						stdio: "ignore",
						env: { ...process.env, ...environments(side) },
					});
					const gone = new Promise((resolve) => child.once("close", resolve));
					await new Promise((resolve) => setTimeout(resolve, afterMs));
					child.kill("SIGKILL");
					await gone;
				}),
			edgeStatus: () => readStatus(spine.dataOf("edge")),
			stored,
			async more(rows, what) {
				const before = await stored();
				await until(stored, (now) => known.every((name) => (now[name] ?? 0) >= (before[name] ?? 0) + rows), {
					what,
					withinMs: 90_000,
					everyMs: 50,
				});
			},
			words: () =>
				said +
				Object.values(sides)
					.map((one) => one.errors())
					.join(""),
			crashes() {
				const lines = spine
					.words()
					.split("\n")
					.filter((line) => escaped.test(line));
				for (const line of lines) console.error(line);
				const found = diedAlone + lines.length;
				diedAlone = 0;
				said = "";
				return found;
			},
			close,
		};
		return spine;
	}
}
