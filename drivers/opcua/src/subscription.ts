import { MillwrightError, type Reading } from "@millwright/core";
import {
	AttributeIds,
	type ClientMonitoredItemBase,
	ClientMonitoredItemGroup,
	type ClientSubscription,
	type DataValue,
	type NodeId,
	type StatusCode,
	TimestampsToReturn,
} from "node-opcua-client";
import type { Address } from "./address.ts";
import type { Connection } from "./connection.ts";
import { isGoneForGood } from "./reader.ts";
import { isNodeId, type Resolver } from "./resolver.ts";
import type { ServerLimits } from "./server-limits.ts";
import { badReading, readingOf } from "./values.ts";
import { chunks } from "./within.ts";

/** Values a publish may be late by before the server's queue drops the oldest, ms. */
const queueMs = 2000;
const keepAliveMs = 2000;
const lifetimeMs = 60_000;
const tooMuch = /BadTooManyOperations|BadTooManyMonitoredItems|BadRequestTooLarge|BadEncodingLimitsExceeded/;

const clamp = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value));

/** Intervals and queue for a sampling pace. */
export function subscriptionPlan(samplingMs: number) {
	// Twice as often as values come, so that half a publishing interval is all that waiting adds.
	const publishingMs = clamp(Math.round(samplingMs / 2), 50, 500);
	return {
		publishingMs,
		keepAliveCount: Math.ceil(keepAliveMs / publishingMs),
		lifetimeCount: Math.ceil(lifetimeMs / publishingMs),
		queueSize: clamp(Math.ceil(Math.max(queueMs, publishingMs * 4) / Math.max(samplingMs, 1)), 2, 1000),
	};
}

export interface Listener {
	changed(index: number, reading: Reading): void;
	alive(): void;
}

/** Monitored items in pieces the server takes; refused ones get one bad reading. */
export async function subscribe(
	connection: Connection,
	resolver: Resolver,
	limits: ServerLimits,
	addresses: readonly Address[],
	samplingMs: number,
	listener: Listener,
	signal: AbortSignal,
): Promise<{ stop(): Promise<void> }> {
	const { session, tools } = connection;
	const { clock } = tools;
	const plan = subscriptionPlan(samplingMs);
	let stopped = false;
	let making: Promise<ClientSubscription> | undefined;
	const subscription = await connection
		.call(
			"Subscribing",
			() => {
				making = session.createSubscription2({
					requestedPublishingInterval: plan.publishingMs,
					requestedMaxKeepAliveCount: plan.keepAliveCount,
					requestedLifetimeCount: plan.lifetimeCount,
					maxNotificationsPerPublish: 0,
					publishingEnabled: true,
					priority: 1,
				});
				return making;
			},
			signal,
		)
		.catch((error: unknown) => {
			// One that comes after all would stay at the server with nobody listening.
			making?.then((late) => late.terminate()).catch(() => {});
			throw error;
		});
	const ended = (why: string): void => {
		if (stopped) return;
		connection.lose(
			new MillwrightError("opcua.subscription-ended", `The server ended the subscription (${why})`, {
				kind: "outage",
				hint: "The connection is opened again by itself.",
			}),
		);
	};
	subscription.on("raw_notification", () => listener.alive());
	subscription.on("terminated", () => ended("terminated"));
	subscription.on("status_changed", (status: StatusCode) => {
		if (!status.isGood()) ended(status.name);
	});
	// Without a listener an emitted error would end the process.
	subscription.on("error", (error: Error) => ended(error.message));
	subscription.on("internal_error", (error: Error) => ended(error.message));

	const monitor = async (items: { index: number; node: NodeId }[]): Promise<void> => {
		try {
			const onChange = (at: number, data: DataValue): void => {
				if (stopped) return;
				const { index } = items[at] as { index: number };
				listener.changed(index, readingOf(data, clock.now()));
				if (isGoneForGood(data.statusCode)) resolver.forget(addresses[index] as Address);
			};
			const group = await connection.call(
				"Monitoring",
				() => monitorGroup(subscription, items, { samplingInterval: samplingMs, queueSize: plan.queueSize }, onChange),
				signal,
			);
			for (const [at, { index }] of items.entries()) {
				const status = group.monitoredItems[at]?.statusCode;
				if (!status || status.isGood()) continue;
				if (isGoneForGood(status)) resolver.forget(addresses[index] as Address);
				listener.changed(index, badReading(status, clock.now()));
			}
		} catch (error) {
			if (items.length === 1 || !(error instanceof Error) || !tooMuch.test(error.message)) throw error;
			limits.monitor = Math.min(limits.monitor, Math.ceil(items.length / 2));
			for (const half of chunks(items, limits.monitor)) await monitor(half);
		}
	};
	const monitorAll = async (): Promise<void> => {
		const items: { index: number; node: NodeId }[] = [];
		for (const [index, node] of (await resolver.resolve(addresses, signal)).entries()) {
			if (isNodeId(node)) items.push({ index, node });
			else listener.changed(index, badReading(node, clock.now()));
		}
		for (const piece of chunks(items, limits.monitor)) await monitor(piece);
	};

	const stop = async (): Promise<void> => {
		if (stopped) return;
		stopped = true;
		if (connection.ended.aborted) return;
		await connection.call("Ending the subscription", () => subscription.terminate()).catch(() => {});
	};
	try {
		await monitorAll();
	} catch (error) {
		await stop();
		throw error;
	}
	return { stop };
}

/** Listens before the items exist: the first values come in the same breath as the answer. */
function monitorGroup(
	subscription: ClientSubscription,
	items: readonly { node: NodeId }[],
	{ samplingInterval, queueSize }: { samplingInterval: number; queueSize: number },
	onChange: (at: number, data: DataValue) => void,
): Promise<ClientMonitoredItemGroup> {
	return new Promise((resolve, reject) => {
		const group = ClientMonitoredItemGroup.create(
			subscription,
			items.map(({ node }) => ({ nodeId: node, attributeId: AttributeIds.Value })),
			{ samplingInterval, queueSize, discardOldest: true },
			TimestampsToReturn.Both,
		);
		group.on("changed", (_item: ClientMonitoredItemBase, data: DataValue, at: number) => onChange(at, data));
		group.once("initialized", () => resolve(group));
		group.once("terminated", (error?: Error) => reject(error ?? new Error("The subscription ended")));
	});
}
