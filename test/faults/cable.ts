import { createServer, connect as dial, type Socket } from "node:net";
import { createFrames } from "./mqtt-frames.ts";

/** What a man in the middle makes of each packet: the packets that go on in its place. */
export interface Middle {
	up(packet: Buffer): Buffer[];
	down(packet: Buffer): Buffer[];
}

/** The line between an edge and its centre, in our hands. */
export interface Cable {
	readonly port: number;
	/** Connections that stand. */
	readonly lines: number;
	/** Ends what stands and takes no more. */
	pull(): void;
	/** Ends what stands; whoever dials gets through. */
	cut(): void;
	/** Takes everything and hands nothing on, in both directions, without a word. */
	mute(): void;
	/** As good as new. */
	plug(): void;
	/** Each line made from now on goes through a middle of its own. */
	tamper(middle: (() => Middle) | undefined): void;
	close(): Promise<void>;
}

export async function layCable(to: number): Promise<Cable> {
	const pairs = new Set<readonly [Socket, Socket]>();
	let isMute = false;
	let isOut = false;
	let makeMiddle: (() => Middle) | undefined;
	const server = createServer((near) => {
		near.on("error", () => {});
		if (isOut) {
			near.destroy();
			return;
		}
		const far = dial(to, "127.0.0.1");
		const pair = [near, far] as const;
		pairs.add(pair);
		const middle = makeMiddle?.();
		lead(near, far, middle?.up);
		lead(far, near, middle?.down);
		near.on("close", () => pairs.delete(pair));
	});

	function lead(from: Socket, into: Socket, change: Middle["up"] | undefined): void {
		const frames = createFrames();
		from.on("data", (bytes: Buffer) => {
			if (isMute || into.destroyed) return;
			const whole = change ? Buffer.concat(frames(bytes).flatMap(change)) : bytes;
			if (whole.length > 0 && !into.write(whole)) {
				from.pause();
				into.once("drain", () => from.resume());
			}
		});
		from.on("error", () => {});
		from.on("close", () => into.destroy());
	}
	function cut(): void {
		for (const [near, far] of pairs) {
			near.destroy();
			far.destroy();
		}
		pairs.clear();
	}

	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	return {
		port: (server.address() as { port: number }).port,
		get lines() {
			return pairs.size;
		},
		pull() {
			isOut = true;
			cut();
		},
		cut,
		mute() {
			isMute = true;
		},
		plug() {
			isOut = false;
			isMute = false;
		},
		tamper(middle) {
			makeMiddle = middle;
		},
		close: () =>
			new Promise<void>((resolve) => {
				cut();
				server.close(() => resolve());
			}),
	};
}
