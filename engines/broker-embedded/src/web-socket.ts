import type { IncomingMessage as HttpRequest } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import type { Clock } from "@millwright/core";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import { fixedLimits } from "./limits.ts";
import { addressOf, type Transport } from "./transport.ts";

function bytesOf(data: RawData): Buffer {
	if (Array.isArray(data)) return Buffer.concat(data);
	return Buffer.isBuffer(data) ? data : Buffer.from(data);
}

function webSocketTransport(web: WebSocket, socket: Socket, clock: Clock): Transport {
	const address = addressOf(socket);
	web.on("error", () => web.terminate());
	return {
		protocol: "mqtt-ws",
		address,
		secure: socket instanceof TLSSocket,
		certificateName: undefined,
		get bufferedBytes() {
			return web.bufferedAmount;
		},
		listen(to) {
			web.on("message", (data, isBinary) => {
				// MQTT 5 §6: only binary frames.
				if (isBinary) to.data(bytesOf(data));
				else web.close(1003);
			});
			web.on("close", to.closed);
		},
		write: (bytes, written) => web.send(bytes, written),
		pause: () => web.pause(),
		resume: () => web.resume(),
		close(last) {
			web.removeAllListeners("message");
			web.resume();
			if (last !== undefined) web.send(last);
			web.close(1000);
			const timer = clock.after(fixedLimits.lingerMs, () => web.terminate());
			web.once("close", () => timer.cancel());
		},
		destroy: () => web.terminate(),
	};
}

/** Turns an HTTP upgrade into an MQTT transport; the caller has checked path and origin. */
export function createWebSocketDoor(options: { maxPacketBytes: number; clock: Clock; admit(transport: Transport): void }) {
	const server = new WebSocketServer({
		noServer: true,
		clientTracking: false,
		perMessageDeflate: false,
		// One message may carry several packets.
		maxPayload: Math.max(options.maxPacketBytes, 65_536) + 1024,
		handleProtocols: (offered) => (offered.has("mqtt") ? "mqtt" : false),
	});
	return (request: HttpRequest, socket: Duplex, head: Buffer): void => {
		const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
		if (!offered.includes("mqtt")) {
			socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
			return;
		}
		server.handleUpgrade(request, socket, head, (web) => options.admit(webSocketTransport(web, socket as Socket, options.clock)));
	};
}
