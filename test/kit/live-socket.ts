import { randomBytes } from "node:crypto";
import { request } from "node:http";
import type { Socket } from "node:net";
import type { LiveFrame, LiveMessage, LiveRequest } from "@millwright/core";

const text = 1;
const close = 8;
const ping = 9;
const pong = 10;

/** A client of /api/live on a bare socket, so that it can stop reading as a frozen browser does. Source: RFC 6455 §5.2. */
export interface LiveSocket {
	readonly socket: Socket;
	frames: number;
	skipped: number;
	/** Newest value by tag. */
	readonly newest: Map<string, number | string | null>;
	isClosed: boolean;
	send(message: LiveRequest): void;
	/** Bytes as they are, right or wrong. */
	raw(bytes: Uint8Array): void;
	end(): void;
}

export async function openLiveSocket(
	url: string,
	{ cookie, path = "/api/live", protocol = "" }: { cookie: string; path?: string; protocol?: string },
): Promise<LiveSocket> {
	const socket = await upgrade(url, path, { cookie, ...(protocol ? { "sec-websocket-protocol": protocol } : {}) });
	const names = new Map<number, string>();
	let held: Buffer = Buffer.alloc(0);
	const write = (opcode: number, payload: Uint8Array) => {
		if (!live.isClosed) socket.write(masked(opcode, payload));
	};
	const live: LiveSocket = {
		socket,
		frames: 0,
		skipped: 0,
		newest: new Map(),
		isClosed: false,
		send: (message) => write(text, Buffer.from(JSON.stringify(message))),
		raw: (bytes) => void socket.write(bytes),
		end: () => socket.destroy(),
	};
	const values = ({ handles, values, skipped }: LiveFrame) => {
		live.frames++;
		live.skipped += skipped ?? 0;
		for (const [i, handle] of handles.entries()) live.newest.set(names.get(handle) ?? String(handle), values[i] ?? null);
	};
	const hear = (message: LiveMessage) => {
		if (message.t === "tags") for (const [i, name] of message.names.entries()) names.set(message.handles[i] as number, name);
		else if (message.t === "values") values(message);
	};
	socket.on("data", (chunk: Buffer) => {
		held = held.length > 0 ? Buffer.concat([held, chunk]) : chunk;
		for (let frame = unframed(held); frame; frame = unframed(held)) {
			held = held.subarray(frame.length);
			if (frame.opcode === text) hear(JSON.parse(frame.payload.toString()) as LiveMessage);
			else if (frame.opcode === ping) write(pong, frame.payload);
			else if (frame.opcode === close) socket.end();
		}
	});
	socket.on("error", () => {});
	socket.on("close", () => {
		live.isClosed = true;
	});
	return live;
}

function upgrade(url: string, path: string, headers: Record<string, string>): Promise<Socket> {
	return new Promise((resolve, reject) => {
		const asked = request(`${url}${path}`, {
			headers: {
				...headers,
				connection: "Upgrade",
				upgrade: "websocket",
				"sec-websocket-version": "13",
				"sec-websocket-key": randomBytes(16).toString("base64"),
			},
		});
		asked.on("upgrade", (_response, socket, head) => {
			if (head.length > 0) socket.unshift(head);
			resolve(socket as Socket);
		});
		asked.on("response", (response) => reject(new Error(`${path} was answered with ${response.statusCode}`)));
		asked.on("error", reject);
		asked.end();
	});
}

/** One whole, unmasked frame from the beginning; undefined while bytes are missing. */
function unframed(bytes: Buffer): { opcode: number; payload: Buffer; length: number } | undefined {
	if (bytes.length < 2) return undefined;
	const short = (bytes[1] as number) & 0x7f;
	const header = short === 126 ? 4 : short === 127 ? 10 : 2;
	if (bytes.length < header) return undefined;
	const size = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short;
	if (bytes.length < header + size) return undefined;
	return { opcode: (bytes[0] as number) & 0x0f, payload: bytes.subarray(header, header + size), length: header + size };
}

/** A client's frame: final, masked with zeros, which leaves the payload as it is. */
export function masked(opcode: number, payload: Uint8Array): Buffer {
	const size = payload.length;
	const header = Buffer.alloc(size < 126 ? 6 : 8);
	header[0] = 0x80 | opcode;
	header[1] = 0x80 | Math.min(size, 126);
	if (size >= 126) header.writeUInt16BE(size, 2);
	return Buffer.concat([header, payload]);
}
