import { readFileSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { UplinkStatus } from "@millwright/namespace";
import type { Health } from "@millwright/runtime";
import type { ConnectionStatus, Ledger } from "@millwright/sense/api";

/** How this box is, for people at it and for programs beside it. */
export interface EdgeStatus {
	/** Ms since 1970, UTC. */
	at: number;
	pid: number;
	version: string;
	uptimeSeconds: number;
	residentMb: number;
	state: Health["state"];
	reason?: string;
	hint?: string;
	parts: ({ part: string } & Health)[];
	connections: Omit<ConnectionStatus, "ledger">[];
	/** Over all connections. */
	ledger: Ledger;
	ring: { bytes: number; rows: number; oldestMs: number; waitingRows: number };
	/** To the centre. */
	uplink: UplinkStatus;
	/** Next time it is written, ms since 1970: later than twice that, and nobody writes any more. */
	nextAt: number;
}

const fileIn = (dataFolder: string): string => join(dataFolder, "status.json");

/** Replaced as a whole; not synced, because an older one would do no harm and flash wears out. */
export async function writeStatus(dataFolder: string, status: EdgeStatus): Promise<void> {
	const file = fileIn(dataFolder);
	await writeFile(`${file}.new`, JSON.stringify(status), { mode: 0o600 });
	await rename(`${file}.new`, file);
}

/** Undefined when this box never ran or wrote something else. */
export function readStatus(dataFolder: string): EdgeStatus | undefined {
	try {
		return JSON.parse(readFileSync(fileIn(dataFolder), "utf8")) as EdgeStatus;
	} catch {
		return undefined;
	}
}

const order: Health["state"][] = ["good", "degraded", "failing"];

/** The worst part speaks for the whole. */
export function overall(parts: readonly Health[]): Health {
	const worst = parts.reduce<Health | undefined>(
		(sum, one) => (sum && order.indexOf(sum.state) >= order.indexOf(one.state) ? sum : one),
		undefined,
	);
	if (!worst) return { state: "good" };
	const { state, reason, hint } = worst;
	return { state, ...(reason === undefined ? {} : { reason }), ...(hint === undefined ? {} : { hint }) };
}

/** What a person wants to know, in a few lines. */
export function describeStatus(status: EdgeStatus, nowMs: number): { text: string; isRunning: boolean } {
	const isRunning = nowMs - status.at < 3 * (status.nextAt - status.at) + 2000;
	const age = (ms: number | undefined): string => (ms === undefined ? "never" : `${((nowMs - ms) / 1000).toFixed(1)} s ago`);
	const { ledger, ring, uplink } = status;
	const lines = [
		isRunning
			? `${status.state}${status.reason ? `: ${status.reason}` : ""}`
			: `not running: the last word is of ${new Date(status.at).toISOString()}`,
		...(isRunning && status.hint ? [`  ${status.hint}`] : []),
		`up ${Math.round(status.uptimeSeconds)} s, ${Math.round(status.residentMb)} MB, process ${status.pid}, version ${status.version}`,
		`ring: ${ring.rows} values, ${(ring.bytes / 1e6).toFixed(1)} MB; read ${ledger.read}, sent ${ledger.sent}, not yet confirmed ${ledger.buffered}, expired ${ledger.expired}`,
		uplink.state === "off"
			? "no centre: everything stays here"
			: `centre: ${uplink.state}${uplink.reason ? ` (${uplink.reason})` : ""}, ${uplink.backlogRows} values still to go, ${(uplink.bytesPerSecond / 1000).toFixed(1)} kB/s`,
		...status.connections.map(
			({ connection, state, target, good, tags, lastGoodAt, valuesPerSecond, reason }) =>
				`${connection}: ${state}, ${good} of ${tags} tags good, last good value ${age(lastGoodAt)}, ${valuesPerSecond.toFixed(0)} values/s (${target})${reason ? `: ${reason}` : ""}`,
		),
	];
	return { text: `${lines.join("\n")}\n`, isRunning };
}
