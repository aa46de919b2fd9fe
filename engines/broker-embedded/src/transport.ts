import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { Clock } from "@millwright/core";
import { fixedLimits } from "./limits.ts";

/** A byte stream to one client: a TCP or TLS socket, or a WebSocket. */
export interface Transport {
	readonly protocol: "mqtt" | "mqtt-ws";
	readonly address: string;
	readonly secure: boolean;
	readonly certificateName: string | undefined;
	/** Written but not yet taken by the kernel. */
	readonly bufferedBytes: number;
	listen(to: { data(chunk: Buffer): void; closed(): void }): void;
	/** `written` is called when the kernel has taken the bytes. */
	write(bytes: Buffer, written: () => void): void;
	pause(): void;
	resume(): void;
	/** Sends the last bytes and closes; lingers a little so that they are read, then cuts. */
	close(last: Buffer | undefined): void;
	destroy(): void;
}

export const addressOf = (socket: Socket): string => `${socket.remoteAddress ?? "unknown"}:${socket.remotePort ?? 0}`;

export function certificateNameOf(socket: Socket): string | undefined {
	if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
	const name = socket.getPeerCertificate()?.subject?.CN;
	return typeof name === "string" ? name : undefined;
}

export function socketTransport(socket: Socket, clock: Clock): Transport {
	const address = addressOf(socket);
	socket.setNoDelay(true);
	socket.setKeepAlive(true, 60_000);
	// A reset is an end like any other; `close` follows.
	socket.on("error", () => socket.destroy());
	return {
		protocol: "mqtt",
		address,
		secure: socket instanceof TLSSocket,
		certificateName: certificateNameOf(socket),
		get bufferedBytes() {
			return socket.writableLength;
		},
		listen(to) {
			socket.on("data", to.data);
			socket.on("close", to.closed);
		},
		write: (bytes, written) => void socket.write(bytes, written),
		pause: () => void socket.pause(),
		resume: () => void socket.resume(),
		close(last) {
			if (socket.destroyed) return;
			socket.removeAllListeners("data");
			// Unread input would turn the close into a reset, and the client would never read why.
			socket.on("data", () => {});
			socket.resume();
			if (last !== undefined) socket.write(last);
			socket.end();
			const timer = clock.after(fixedLimits.lingerMs, () => socket.destroy());
			socket.once("close", () => timer.cancel());
		},
		destroy: () => void socket.destroy(),
	};
}
