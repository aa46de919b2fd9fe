import type { LiveMessage } from "@millwright/core";

export interface LiveListener {
	/** Tags the hub named in answer to a subscription, and the newest value of each that came. */
	names: Set<string>;
	values: Map<string, unknown>;
	events(): { name: string; data: unknown }[];
	/** Everything sent before has arrived. */
	settled(): Promise<void>;
	end(): void;
}

/** A client of /api/live that wants every event and these tags. */
export async function eventsOf(url: string, cookie: string, tags: string[]): Promise<LiveListener> {
	const socket = new WebSocket(`${url.replace(/^http/, "ws")}/api/live`, { headers: { cookie } });
	const events: { name: string; data: unknown }[] = [];
	const handles = new Map<number, string>();
	const names = new Set<string>();
	const values = new Map<string, unknown>();
	let pong: (() => void) | undefined;
	socket.addEventListener("message", ({ data }) => {
		const message = JSON.parse(String(data)) as LiveMessage;
		if (message.t === "event") events.push(message);
		if (message.t === "pong") pong?.();
		if (message.t === "tags")
			for (const [i, name] of message.names.entries()) {
				names.add(name);
				handles.set(message.handles[i] as number, name);
			}
		if (message.t === "values")
			for (const [i, handle] of message.handles.entries()) values.set(handles.get(handle) ?? String(handle), message.values[i]);
	});
	await new Promise((resolve, reject) => {
		socket.addEventListener("open", resolve);
		socket.addEventListener("error", () => reject(new Error("No live line")));
	});
	socket.send(JSON.stringify({ t: "events", names: ["*", "access.*", "access.sign-in-failed"] }));
	socket.send(JSON.stringify({ t: "subscribe", id: 1, tags }));
	return {
		names,
		values,
		events: () => events,
		settled: () =>
			new Promise((resolve) => {
				pong = resolve;
				socket.send(JSON.stringify({ t: "ping", at: 1 }));
			}),
		end: () => socket.close(),
	};
}
