import assert from "node:assert/strict";
import { until } from "../kit/platform.ts";
import { fillRing } from "./backlog.ts";
import { connectMqtt, mqttKey } from "./mqtt-client.ts";
import type { Outcome } from "./outcome.ts";
import { openSpine, type Spine, type SpineOptions, wholeSpine } from "./spine.ts";
import { settleSpine } from "./spine-outcome.ts";

const hours = 72;
const counters = (target: string): string[] =>
	Array.from({ length: wholeSpine.registersPerConnection }, (_, at) => `northworks/load/${target}/counter-${at + 1}`);

/** Machines, edge, a line that is out, and a centre; the edge holds 72 hours that nobody took. */
export async function openLineDown({
	everyMs,
	...options
}: { everyMs: number } & Pick<SpineOptions, "disks" | "clocks">): Promise<{ spine: Spine; backlog: number }> {
	let backlog = 0;
	const spine = await openSpine({
		...options,
		sense: { ring: { keep: "200h" } },
		async prepare(data, cable) {
			const connections = Object.fromEntries(
				Array.from({ length: wholeSpine.modbusConnections }, (_, at) => [`load-${at + 1}`, counters(`load-${at + 1}`)]),
			);
			backlog = await fillRing({ data, connections, hours, everyMs });
			cable.pull();
		},
	});
	return { spine, backlog };
}

const quantile = (sorted: readonly number[], share: number): number =>
	Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);

/** The line comes back after 72 hours: what waited goes up many times faster than it was read, and live values do not wait behind it. */
export async function lineDown(
	spine: Spine,
	{ backlog, atLeastTimes = 0 }: { backlog: number /** The rate that is read. */; atLeastTimes?: number },
): Promise<Outcome> {
	const waiting = await until(
		async () => spine.edgeStatus(),
		(status) => (status?.uplink.backlogRows ?? 0) > backlog && status?.uplink.reason !== undefined,
		{ what: "the edge saying how much waits, and why" },
	);
	assert.notEqual(waiting?.uplink.state, "connected");
	const live: number[] = [];
	const reader = await connectMqtt(spine, {
		key: await mqttKey(spine, `live-${Date.now()}`),
		subscribe: "udt/northworks/load/+/counter-1",
		hear(_topic, payload, { retain }) {
			if (retain) return;
			const { timestamp, historical } = JSON.parse(payload.toString()) as { timestamp: string; historical?: boolean };
			if (!historical) live.push(Date.now() - Date.parse(timestamp));
		},
	});
	try {
		spine.cable.plug();
		await until(
			async () => spine.edgeStatus(),
			(status) => status?.uplink.state === "connected",
			{ what: "the line again", everyMs: 20 },
		);
		const began = performance.now();
		live.length = 0;
		const sum = async () => Object.values(await spine.stored()).reduce((total, rows) => total + rows, 0);
		await until(sum, (rows) => rows >= backlog, { what: "what waited stored", withinMs: 600_000, everyMs: 50 });
		const tookMs = performance.now() - began;
		const during = live.splice(0).sort((a, b) => a - b);
		await until(
			async () => spine.edgeStatus(),
			(status) => status?.uplink.backlogRows === 0,
			{ what: "nothing waiting any more" },
		);
		live.length = 0;
		await until(
			async () => live.length,
			(heard) => heard >= 100,
			{ what: "live values after" },
		);
		const after = live.slice().sort((a, b) => a - b);
		assert.ok(during.length > 0, "live values came while the backlog was under way");
		const perSecond = Math.round((backlog * 1000) / tookMs);
		const readPerSecond = wholeSpine.modbusConnections * wholeSpine.registersPerConnection * wholeSpine.rate;
		assert.ok(
			perSecond >= atLeastTimes * readPerSecond,
			`${perSecond} values/s are not ${atLeastTimes} times the ${readPerSecond} that are read`,
		);
		return await settleSpine(spine, {
			figures: {
				hours,
				backlog,
				replayedPerSecond: perSecond,
				timesTheRateRead: Math.round(perSecond / readPerSecond),
				liveDuring: during.length,
				liveP50MsDuring: quantile(during, 0.5),
				liveP99MsDuring: quantile(during, 0.99),
				liveP50MsAfter: quantile(after, 0.5),
				liveP99MsAfter: quantile(after, 0.99),
			},
		});
	} finally {
		await reader.close();
	}
}
