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
/** How often what the server refused is tried again: nodes may appear later. */
const retryMs = 30_000;
const tooMuch = /BadTooManyOperations|BadTooManyMonitoredItems|BadRequestTooLarge|BadEncodingLimitsExceeded/;

const clamp = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value));

/** Intervals and queue for a sampling pace. */
export function subscriptionPlan(samplingMs: number) {
	const publishingMs = clamp(samplingMs, 50, 500);
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

/** Monitored items in pieces the server takes; refused ones get one bad reading and are tried again from time to time. */
export async function subscribe(
	connection: Connection,
	resolver: Resolver,
	limits: ServerLimits,
	addresses: readonly Address[],
	samplingMs: number,
	{ changed, alive }: Listener,
	signal: AbortSignal,
): Promise<{ stop(): Promise<void> }> {
	const { session, tools } = connection;
	const { clock, log } = tools;
	const plan = subscriptionPlan(samplingMs);
	let stopped = false;
	const subscription: ClientSubscription = await connection.call(
		"Subscribing",
		() =>
			session.createSubscription2({
				requestedPublishingInterval: plan.publishingMs,
				requestedMaxKeepAliveCount: plan.keepAliveCount,
				requestedLifetimeCount: plan.lifetimeCount,
				maxNotificationsPerPublish: 0,
				publishingEnabled: true,
				priority: 1,
			}),
		signal,
	);
	const ended = (why: string): void => {
		if (stopped) return;
		connection.lose(
			new MillwrightError("opcua.subscription-ended", `The server ended the subscription (${why})`, {
				kind: "outage",
				hint: "The connection is opened again by itself.",
			}),
		);
	};
	subscription.on("raw_notification", alive);
	subscription.on("terminated", () => ended("terminated"));
	subscription.on("status_changed", (status: StatusCode) => {
		if (!status.isGood()) ended(status.name);
	});
	// Without a listener an emitted error would end the process.
	subscription.on("error", (error: Error) => ended(error.message));
	subscription.on("internal_error", (error: Error) => ended(error.message));

	/** Positions without a monitored item, and what was last said about them. */
	const refused = new Map<number, string>();
	const refuse = (index: number, status: StatusCode): void => {
		if (refused.get(index) !== status.name) changed(index, badReading(status, clock.now()));
		refused.set(index, status.name);
	};

	const monitor = async (items: { index: number; node: NodeId }[], within: AbortSignal | undefined): Promise<void> => {
		try {
			const onChange = (at: number, data: DataValue): void => {
				if (stopped) return;
				const { index } = items[at] as { index: number };
				changed(index, readingOf(data, clock.now()));
				if (isGoneForGood(data.statusCode)) {
					resolver.forget(addresses[index] as Address);
					refused.set(index, data.statusCode.name);
				}
			};
			const group = await connection.call(
				"Monitoring",
				() => monitorGroup(subscription, items, { samplingInterval: samplingMs, queueSize: plan.queueSize }, onChange),
				within,
			);
			for (const [at, { index }] of items.entries()) {
				const status = group.monitoredItems[at]?.statusCode;
				if (status && !status.isGood()) refuse(index, status);
				else refused.delete(index);
			}
		} catch (error) {
			if (items.length === 1 || !(error instanceof Error) || !tooMuch.test(error.message)) throw error;
			limits.monitor = Math.min(limits.monitor, Math.ceil(items.length / 2));
			for (const half of chunks(items, limits.monitor)) await monitor(half, within);
		}
	};
	const add = async (indexes: readonly number[], within: AbortSignal | undefined): Promise<void> => {
		const resolved = await resolver.resolve(
			indexes.map((index) => addresses[index] as Address),
			within ?? connection.ended,
		);
		const items: { index: number; node: NodeId }[] = [];
		for (const [i, node] of resolved.entries()) {
			const index = indexes[i] as number;
			if (isNodeId(node)) items.push({ index, node });
			else refuse(index, node);
		}
		for (const piece of chunks(items, limits.monitor)) await monitor(piece, within);
	};

	const stop = async (): Promise<void> => {
		if (stopped) return;
		stopped = true;
		timer?.cancel();
		if (connection.ended.aborted) return;
		await connection.call("Ending the subscription", () => subscription.terminate()).catch(() => {});
	};
	let timer: { cancel(): void } | undefined;
	try {
		await add([...addresses.keys()], signal);
	} catch (error) {
		await stop();
		throw error;
	}
	let trying = false;
	timer = clock.every(retryMs, () => {
		if (stopped || connection.ended.aborted) return timer?.cancel();
		if (trying || refused.size === 0) return;
		trying = true;
		add([...refused.keys()], undefined)
			.catch((error: unknown) => log.debug("refused items could not be tried again", { error: String(error) }))
			.finally(() => {
				trying = false;
			});
	});
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
