import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { type Clock, type Log, nanosFromMs, type SeriesDay, type Timer } from "@millwright/core";
import type { CapacityShare, Platform } from "@millwright/platform/api";
import type { Part } from "@millwright/runtime";
import { bytesBelow } from "../backup/files.ts";
import { freeOf } from "../backup/take.ts";
import { forecast } from "./forecast.ts";
import { createGrowthFile } from "./growth-file.ts";
import { type Machine, thisMachine } from "./machine.ts";
import { createWindow } from "./window.ts";

const lookEveryMs = 10_000;
const ringEveryMs = 1000;
const growthEveryMs = 1_800_000;
const longMs = 15 * 60_000;
const dayMs = 86_400_000;
const daysFreshMs = 600_000;
const diskEveryMs = 60_000;
const nearlyFull = 0.95;

/** Something with a fixed bound, counted now. */
export interface Bounded {
	name: string;
	title: string;
	/** "of 10,000 MQTT clients". */
	unit: string;
	used: number;
	limit: number;
}

type Answer = Awaited<ReturnType<Platform["capacity"]>>;

/** How full the box is: each share measured, and the fullest named. No ceiling is guessed. */
export function createCapacity({
	data,
	clock,
	log,
	ring,
	valuesRead,
	bounded,
	historyDays,
	machine = thisMachine(),
	disk = freeOf,
	loopUtilization = () => performance.eventLoopUtilization(),
}: {
	data: string;
	clock: Clock;
	log: Log;
	ring(): { commits: number; lastCommitMs: number };
	/** Since start, over all connections. */
	valuesRead(): number;
	bounded(): Promise<Bounded[]>;
	historyDays(until: bigint): Promise<SeriesDay[]>;
	machine?: Machine;
	disk?: typeof freeOf;
	loopUtilization?(): { active: number; idle: number };
}) {
	const growth = createGrowthFile({ file: join(data, "growth.json") });
	const window = createWindow<"own" | "busy" | "total" | "active" | "idle" | "values" | "writing">({ longestMs: longMs });
	const timers: Timer[] = [];
	let writingMs = 0;
	let commitsBefore = 0;
	let days: { at: number; found: SeriesDay[] } | undefined;
	let room: { free: number; total: number } | undefined;

	function lookAtRing(): void {
		const { commits, lastCommitMs } = ring();
		writingMs += Math.max(0, commits - commitsBefore) * lastCommitMs;
		commitsBefore = commits;
	}

	function look(): void {
		const { busy, total } = machine.processors();
		const { active, idle } = loopUtilization();
		window.add(clock.monotonicMs(), {
			own: machine.ownProcessorMs(),
			busy,
			total,
			active,
			idle,
			values: valuesRead(),
			writing: writingMs,
		});
	}

	const lookAtGrowth = async (): Promise<void> => {
		try {
			await growth.add({ at: clock.nowMs(), bytes: await bytesBelow(data) });
		} catch (thrown) {
			log.warn("The size of the data folder could not be noted", { reason: String(thrown) });
		}
	};

	async function wholeDays(): Promise<SeriesDay[]> {
		const now = clock.nowMs();
		if (days && now - days.at < daysFreshMs) return days.found;
		const midnight = Math.floor(now / dayMs) * dayMs;
		const found = await historyDays(nanosFromMs(midnight)).catch(() => []);
		// What was brought in from files does not come every day; the first day began somewhere in its middle.
		days = { at: now, found: joined(found.filter(({ tier }) => tier !== "brought")).slice(1) };
		return days.found;
	}

	async function lookAtDisk(): Promise<{ free: number; total: number }> {
		room = await disk(data);
		return room;
	}

	/** What can be said without asking anybody. */
	function ownShares(): CapacityShare[] {
		const long = window.rise(longMs);
		return [
			...varying(long, window.rise(60_000), machine.cores(), (long?.overMs ?? 0) / 60_000),
			memoryShare(machine),
			...(room ? [diskShare(room)] : []),
		];
	}

	async function answer(): Promise<Answer> {
		look();
		const recent = window.rise(60_000);
		const minutes = (window.rise(longMs)?.overMs ?? 0) / 60_000;
		const { free } = await lookAtDisk();
		const shares: CapacityShare[] = [
			...ownShares(),
			...(await bounded()).map(({ name, title, unit, used, limit }): CapacityShare => {
				return {
					name,
					title,
					used: share(used / limit),
					words: `${used.toLocaleString("en")} of ${limit.toLocaleString("en")} ${unit}`,
					how: "counted now, against the bound in the configuration or the program",
					counts: true,
				};
			}),
		];
		const first = shares.filter(({ counts }) => counts).reduce((most, each) => (each.used > most.used ? each : most));
		const ahead = forecast({ free, growth: growth.looks(), days: await wholeDays() });
		return {
			at: clock.nowMs(),
			used: first.used,
			firstLimit: first.name,
			sentence: sentenceOf(first, ahead),
			shares,
			disk: ahead,
			valuesPerSecond: recent ? Math.round((recent.by.values / recent.overMs) * 10_000) / 10 : 0,
			measuredMinutes: Math.round(minutes * 10) / 10,
		};
	}

	const part: Part = {
		name: "capacity",
		async start() {
			await growth.load();
			look();
			timers.push(clock.every(lookEveryMs, look), clock.every(ringEveryMs, lookAtRing));
			timers.push(clock.every(growthEveryMs, () => void lookAtGrowth()));
			timers.push(clock.every(diskEveryMs, () => void lookAtDisk().catch(() => {})));
			void lookAtDisk().catch(() => {});
			void lookAtGrowth();
		},
		async stop() {
			for (const timer of timers.splice(0)) timer.cancel();
		},
		health() {
			if (!room || diskShare(room).used < nearlyFull) return { state: "good" };
			return {
				state: "degraded",
				reason: `The disk of the data folder is nearly full: ${diskShare(room).words}`,
				hint: "Free some space, keep less history (history.storage), or move the data folder to a larger disk.",
			};
		},
		figures: () =>
			ownShares()
				.filter(({ counts }) => counts)
				.map(({ name, used }) => ({
					name: "capacity_used_ratio",
					help: "Share of what this box has, 0 to 1",
					type: "gauge",
					value: used,
					labels: { resource: name },
				})),
	};
	return { part, service: { capacity: answer } };
}

type Rise = ReturnType<
	ReturnType<typeof createWindow<"own" | "busy" | "total" | "active" | "idle" | "values" | "writing">>["rise"]
>;

function varying(long: Rise, recent: Rise, cores: number, minutes: number): CapacityShare[] {
	const over = `mean over the last ${minutes < 1 ? `${Math.round(minutes * 60)} s` : `${minutes.toFixed(0)} min`}`;
	const parts = (rise: Rise) => {
		const { overMs = 1, by } = rise ?? {};
		return {
			own: share((by?.own ?? 0) / (overMs * cores)),
			machine: share((by?.busy ?? 0) / Math.max(1, by?.total ?? 1)),
			loop: share((by?.active ?? 0) / Math.max(1, (by?.active ?? 0) + (by?.idle ?? 0))),
			writing: share((by?.writing ?? 0) / overMs),
		};
	};
	const [whole, minute] = [parts(long), parts(recent)];
	// A moment is no measurement.
	const counts = (long?.overMs ?? 0) >= lookEveryMs;
	return [
		{
			name: "cpu",
			title: "Processor",
			used: Math.max(whole.machine, whole.own),
			words: `machine ${percent(whole.machine)}, this process ${percent(whole.own)} of ${cores.toLocaleString("en")} cores; in the last minute ${percent(minute.machine)} and ${percent(minute.own)}`,
			how: `the greater of the machine's busy time and this process's share of the cores it may use, ${over}`,
			counts,
		},
		{
			name: "main-thread",
			title: "Main thread",
			used: whole.loop,
			words: `${percent(whole.loop)} busy; in the last minute ${percent(minute.loop)}`,
			how: `share of its time in which the event loop worked and did not wait, ${over}; at 100 % values wait for each other, whatever the other cores do`,
			counts,
		},
		{
			name: "ring-disk",
			title: "Writing to the ring",
			used: whole.writing,
			words: `${percent(whole.writing)} of the time spent in commits; in the last minute ${percent(minute.writing)}`,
			how: `commits times the duration of the newest one, looked at each second, ${over}; at 100 % the disk takes no more values`,
			counts,
		},
	];
}

/** Days; nobody plans further, and no measured growth holds so long. */
const farAhead = 3650;

function memoryShare(machine: Machine): CapacityShare {
	const { limit, available } = machine.memory();
	const resident = machine.residentBytes();
	return {
		name: "memory",
		title: "Memory",
		used: share(Math.max(1 - available / limit, resident / limit)),
		words: `${gigabytes(limit - available)} of ${gigabytes(limit)} GB, ${gigabytes(resident)} GB of them this process`,
		how: "what is not available of the machine's or the container's memory, as the kernel says now",
		counts: true,
	};
}

const diskShare = ({ free, total }: { free: number; total: number }): CapacityShare => ({
	name: "disk",
	title: "Disk of the data folder",
	used: share(1 - free / total),
	words: `${gigabytes(total - free)} of ${gigabytes(total)} GB`,
	how: "the file system that holds the data folder, as it says now; other programs' files count too",
	counts: true,
});

/** A day may lie in several tiers. */
function joined(days: readonly SeriesDay[]): SeriesDay[] {
	const byDay = new Map<bigint, SeriesDay>();
	for (const day of days) {
		const known = byDay.get(day.day);
		byDay.set(day.day, known ? { ...day, rows: day.rows + known.rows, bytes: day.bytes + known.bytes } : day);
	}
	return [...byDay.values()].sort((a, b) => (a.day < b.day ? -1 : 1));
}

function sentenceOf(first: CapacityShare, ahead: Answer["disk"]): string {
	const { daysLeft, daysLeftLow, daysLeftHigh } = ahead;
	const between =
		daysLeftLow === undefined
			? ""
			: daysLeftHigh === undefined
				? ` (${days(daysLeftLow)} at the least)`
				: ` (${days(daysLeftLow)} to ${days(daysLeftHigh)})`;
	const full =
		daysLeft === undefined ? "" : daysLeft > farAhead ? "not full within ten years" : `full in ${days(daysLeft)} days${between}`;
	const end = full === "" ? "" : first.name === "disk" ? `, ${full}` : `; disk ${full}`;
	return `This box is ${percent(first.used)} used; first limit: ${first.title.toLowerCase()}${end}`;
}

const days = (count: number): string => (count < 10 ? count.toFixed(1) : Math.round(count).toLocaleString("en"));
const share = (part: number): number => (Number.isFinite(part) ? Math.min(1, Math.max(0, part)) : 0);
const percent = (part: number): string => `${Math.round(part * 100)} %`;
const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(bytes < 1e10 ? 2 : 0);
