import type { LiveFrame, LiveMessage, LiveRequest } from "@millwright/core";
import { ClockOffset } from "./clock-offset.ts";
import { FrameMeter } from "./frame-meter.ts";
import { LiveGroups } from "./live-groups.ts";
import { type LiveReading, LiveSlots } from "./live-slots.ts";

/** What the link needs of its surroundings; handed in, so that tests can turn the clock. */
export interface LiveSurroundings {
	open(): WebSocket;
	/** Wall clock, ms. */
	now(): number;
	after(ms: number, run: () => void): () => void;
	/** Runs before the next paint, and `painted` once that frame is out. */
	paint(run: () => void, painted: () => void): void;
}

export interface LiveStatus {
	state: "connecting" | "live" | "away";
	/** Since when, ms. */
	since: number;
	/** Round trip of the newest ping, ms. */
	roundTripMs: number | undefined;
	nextTryAt: number | undefined;
	/** Server's version, to notice that the page is older than the server. */
	version: string | undefined;
}

type Tap = (at: number, value: number | string | null, quality: number) => void;

const pingEveryMs = 5_000;
const silentAfterMs = 12_000;
const firstWaitMs = 400;
const longestWaitMs = 15_000;
/** Scrolling back and forth shall not ask and cancel. */
const lingerMs = 1_500;

/** One WebSocket for the whole page; values live here, outside React, and components hear of theirs once a frame. */
export function createLiveLink(around: LiveSurroundings) {
	const slots = new LiveSlots();
	const groups = new LiveGroups();
	const meter = new FrameMeter();
	const listeners = new Map<string, Set<() => void>>();
	const taps = new Map<string, Set<Tap>>();
	const eventListeners = new Map<string, Set<(data: unknown) => void>>();
	const statusListeners = new Set<() => void>();
	const dirty = new Set<string>();
	const dropped = new Set<string>();
	let nameOfHandle = new Map<number, string>();
	let status: LiveStatus = {
		state: "connecting",
		since: around.now(),
		roundTripMs: undefined,
		nextTryAt: undefined,
		version: undefined,
	};
	let socket: WebSocket | undefined;
	let running = false;
	let waitMs = firstWaitMs;
	let cancelRetry: (() => void) | undefined;
	let cancelPing: (() => void) | undefined;
	let settling = false;
	let painting = false;
	let heardAt = 0;
	const offset = new ClockOffset();
	let oldestUnpainted = 0;

	const setStatus = (patch: Partial<LiveStatus>): void => {
		const changed = patch.state !== undefined && patch.state !== status.state;
		status = { ...status, ...patch, since: changed ? around.now() : status.since };
		for (const listener of statusListeners) listener();
	};

	const send = (request: LiveRequest): void => {
		if (socket?.readyState === 1) socket.send(JSON.stringify(request));
	};

	const sendChange = (change: ReturnType<LiveGroups["settle"]>): void => {
		for (const { id, tags } of change.subscribe) if (tags.length > 0) send({ t: "subscribe", id, tags });
		for (const id of change.unsubscribe) send({ t: "unsubscribe", id });
	};

	const settleSoon = (ms: number): void => {
		if (settling) return;
		settling = true;
		around.after(ms, () => {
			settling = false;
			if (status.state === "live") sendChange(groups.settle());
			for (const tag of dropped) {
				// What a living group still brings keeps its row: its value stays known when it is wanted again.
				if (!groups.wanted.has(tag) && groups.covers(tag)) continue;
				if (!groups.wanted.has(tag)) slots.release(tag);
				dropped.delete(tag);
			}
		});
	};

	const sendEvents = (): void => send({ t: "events", names: [...eventListeners.keys()] });

	const flush = (): void => {
		painting = false;
		for (const tag of dirty) for (const listener of listeners.get(tag) ?? []) listener();
		dirty.clear();
	};

	const paintSoon = (): void => {
		if (painting) return;
		painting = true;
		around.paint(flush, () => {
			if (oldestUnpainted === 0) return;
			const now = around.now();
			meter.add(now + offset.ms - oldestUnpainted, now);
			oldestUnpainted = 0;
		});
	};

	const takeFrame = (frame: LiveFrame): void => {
		offset.heard(frame.serverMs, around.now());
		if (frame.skipped) meter.skip(frame.skipped);
		if (frame.readMs > 0 && (oldestUnpainted === 0 || frame.readMs < oldestUnpainted)) oldestUnpainted = frame.readMs;
		for (let i = 0; i < frame.handles.length; i++) {
			const tag = nameOfHandle.get(frame.handles[i] as number);
			const slot = tag === undefined ? undefined : slots.slotOf(tag);
			if (tag === undefined || slot === undefined) continue;
			const value = frame.values[i] ?? null;
			const at = frame.times[i] as number;
			const quality = frame.quality[i] as number;
			slots.set(slot, value, at, quality);
			dirty.add(tag);
			for (const tap of taps.get(tag) ?? []) tap(at, value, quality);
		}
		if (dirty.size > 0) paintSoon();
	};

	const take = (message: LiveMessage): void => {
		heardAt = around.now();
		switch (message.t) {
			case "hello":
				waitMs = firstWaitMs;
				setStatus({ state: "live", nextTryAt: undefined, version: message.version });
				sendChange(groups.restart());
				if (eventListeners.size > 0) sendEvents();
				ping();
				return;
			case "tags":
				for (let i = 0; i < message.names.length; i++) nameOfHandle.set(message.handles[i] as number, message.names[i] as string);
				return;
			case "values":
				takeFrame(message);
				return;
			case "event":
				for (const [name, heard] of eventListeners)
					if (name === message.name || (name.endsWith(".*") && message.name.startsWith(name.slice(0, -1))))
						for (const listener of heard) listener(message.data);
				return;
			case "pong": {
				const roundTrip = around.now() - message.at;
				offset.heard(message.serverMs, around.now());
				offset.answered(message.serverMs, message.at);
				setStatus({ roundTripMs: roundTrip });
				return;
			}
			case "error":
				return;
		}
	};

	const ping = (): void => {
		cancelPing?.();
		if (status.state !== "live") return;
		if (around.now() - heardAt > silentAfterMs) {
			socket?.close();
			gone(socket);
			return;
		}
		send({ t: "ping", at: around.now() });
		cancelPing = around.after(pingEveryMs, ping);
	};

	const gone = (which: WebSocket | undefined): void => {
		if (which !== socket || !running) return;
		socket = undefined;
		nameOfHandle = new Map();
		cancelPing?.();
		offset.reset();
		const wait = waitMs;
		waitMs = Math.min(longestWaitMs, waitMs * 2);
		setStatus({ state: "away", roundTripMs: undefined, nextTryAt: around.now() + wait });
		cancelRetry = around.after(wait, connect);
	};

	const connect = (): void => {
		cancelRetry?.();
		if (!running || socket) return;
		let opened: WebSocket;
		try {
			opened = around.open();
		} catch {
			gone(socket);
			return;
		}
		socket = opened;
		opened.onmessage = ({ data }) => {
			if (opened === socket && typeof data === "string") take(JSON.parse(data) as LiveMessage);
		};
		opened.onclose = () => gone(opened);
	};

	return {
		meter,
		start(): void {
			if (running) return;
			running = true;
			connect();
		},
		stop(): void {
			running = false;
			cancelRetry?.();
			cancelPing?.();
			const last = socket;
			socket = undefined;
			last?.close();
			setStatus({ state: "connecting", roundTripMs: undefined, nextTryAt: undefined });
		},
		/** Tries at once: the network is back, or a person is tired of waiting. */
		retryNow(): void {
			waitMs = firstWaitMs;
			if (status.state === "away") connect();
		},
		status: (): LiveStatus => status,
		onStatus(listener: () => void): () => void {
			statusListeners.add(listener);
			return () => statusListeners.delete(listener);
		},
		/** Listeners run at most once a painted frame. Returns the way to stop. */
		watch(tag: string, listener: () => void): () => void {
			const heard = listeners.get(tag) ?? new Set();
			listeners.set(tag, heard);
			heard.add(listener);
			groups.want(tag);
			slots.take(tag);
			settleSoon(0);
			return () => {
				heard.delete(listener);
				if (heard.size === 0 && listeners.get(tag) === heard) listeners.delete(tag);
				if (groups.unwant(tag)) {
					dropped.add(tag);
					settleSoon(lingerMs);
				}
			};
		},
		/** Every value as it arrives, for trends; wants the tag as `watch` does. */
		tap(tag: string, tap: Tap): () => void {
			const heard = taps.get(tag) ?? new Set();
			taps.set(tag, heard);
			heard.add(tap);
			const stop = this.watch(tag, () => {});
			return () => {
				heard.delete(tap);
				if (heard.size === 0 && taps.get(tag) === heard) taps.delete(tag);
				stop();
			};
		},
		read: (tag: string): LiveReading | undefined => slots.read(tag),
		version: (tag: string): number => slots.version(tag),
		/** Events by name, or "step.*". */
		onEvent(name: string, listener: (data: unknown) => void): () => void {
			const heard = eventListeners.get(name) ?? new Set();
			const fresh = heard.size === 0;
			eventListeners.set(name, heard);
			heard.add(listener);
			if (fresh) sendEvents();
			return () => {
				heard.delete(listener);
				if (heard.size > 0 || eventListeners.get(name) !== heard) return;
				eventListeners.delete(name);
				sendEvents();
			};
		},
	};
}
