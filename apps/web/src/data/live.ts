import { useEffect, useRef, useSyncExternalStore } from "react";
import { createLiveLink, type LiveStatus } from "./live-link.ts";
import type { LiveReading } from "./live-slots.ts";

const paint = (run: () => void, painted: () => void): void => {
	requestAnimationFrame(() => {
		run();
		// A message posted inside a frame is delivered once the frame is out.
		const after = new MessageChannel();
		after.port1.onmessage = () => {
			after.port1.close();
			painted();
		};
		after.port2.postMessage(0);
	});
};

export const live = createLiveLink({
	open: () => new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/live`),
	now: () => performance.timeOrigin + performance.now(),
	after: (ms, run) => {
		const timer = setTimeout(run, ms);
		return () => clearTimeout(timer);
	},
	paint,
});

declare global {
	interface Window {
		/**
		 * For the benchmark, read only: frames painted since `reset`, and how old values were when painted
		 * (from the driver's read, ms; the newest 8,192 frames).
		 */
		__millwright?: {
			readonly frames: number;
			readonly skipped: number;
			p50Ms(): number;
			p99Ms(): number;
			maxMs(): number;
			reset(): void;
		};
	}
}

/** Marks the whole page while the link is away, and offers the meter to whoever measures. */
export function startLive(): void {
	window.__millwright = {
		get frames() {
			return live.meter.frames;
		},
		get skipped() {
			return live.meter.skipped;
		},
		p50Ms: () => live.meter.quantile(0.5),
		p99Ms: () => live.meter.quantile(0.99),
		maxMs: () => live.meter.quantile(1),
		reset: () => live.meter.reset(),
	};
	live.onStatus(() => {
		document.documentElement.dataset.live = live.status().state;
	});
	window.addEventListener("online", () => live.retryNow());
	live.start();
}

export const useLiveStatus = (): LiveStatus => useSyncExternalStore(live.onStatus, live.status);

/** The newest value of a tag; renders once a painted frame at most. */
export function useLive(tag: string | undefined): LiveReading | undefined {
	useSyncExternalStore(
		(changed) => (tag === undefined ? () => {} : live.watch(tag, changed)),
		() => (tag === undefined ? 0 : live.version(tag)),
	);
	return tag === undefined ? undefined : live.read(tag);
}

/**
 * Calls `painter` with the newest value inside the frame, past React: for numbers that change ten times a second.
 * `visible` false lets the subscription go.
 */
export function useLivePaint(tag: string, visible: boolean, painter: (reading: LiveReading) => void): void {
	const latest = useRef(painter);
	useEffect(() => {
		latest.current = painter;
	});
	useEffect(() => {
		if (!visible) return;
		const run = (): void => {
			const reading = live.read(tag);
			if (reading) latest.current(reading);
		};
		run();
		return live.watch(tag, run);
	}, [tag, visible]);
}
