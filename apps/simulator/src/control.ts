import { timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { asMillwrightError, httpStatusOf, type Log, MillwrightError } from "@millwright/core";
import * as z from "zod";
import { FaultOrder } from "./faults.ts";
import { NetworkOrder } from "./servers/network.ts";

export const RepairOrder = z.strictObject({ machine: z.string().optional(), part: z.string().optional() });
export const SpeedOrder = z.strictObject({
	/** Plant seconds in a second of ours; 0 pauses. */
	speed: z.number().min(0).max(5000),
});

/** What the control can ask; the same object serves callers in the same process. */
export interface Controlled {
	state(options?: { truth?: number }): unknown;
	fault(order: z.output<typeof FaultOrder>): unknown;
	repair(order: z.output<typeof RepairOrder>): unknown;
	speed(order: z.output<typeof SpeedOrder>): unknown;
	network(order: z.output<typeof NetworkOrder>): Promise<unknown>;
}

const longestBody = 64 * 1024;

async function bodyOf(request: IncomingMessage): Promise<unknown> {
	const chunks: Buffer[] = [];
	let length = 0;
	for await (const chunk of request as AsyncIterable<Buffer>) {
		length += chunk.length;
		if (length > longestBody)
			throw new MillwrightError("simulator.body-too-long", `More than ${longestBody} bytes`, { kind: "input" });
		chunks.push(chunk);
	}
	const text = Buffer.concat(chunks).toString("utf8");
	if (text.trim() === "") return {};
	try {
		return JSON.parse(text);
	} catch {
		throw new MillwrightError("simulator.body-invalid", "The body is not JSON", { kind: "input" });
	}
}

function checked<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
	const result = schema.safeParse(body);
	if (result.success) return result.data;
	const issue = result.error.issues[0];
	throw new MillwrightError("simulator.order-invalid", issue?.message ?? "The order is wrong", {
		kind: "input",
		...(issue && issue.path.length > 0 ? { place: issue.path.join(".") } : {}),
	});
}

/** A small HTTP door on loopback for fault switches and tests. Bearer token on every request; no browser may come (no CORS). */
export async function openControl(about: {
	port: number;
	token: string;
	plant: Controlled;
	log: Log;
}): Promise<{ port: number; close(): Promise<void> }> {
	const { plant, log } = about;
	const token = Buffer.from(`Bearer ${about.token}`);
	const isKnown = (request: IncomingMessage): boolean => {
		const given = Buffer.from(request.headers.authorization ?? "");
		return given.length === token.length && timingSafeEqual(given, token);
	};
	const posts: Record<string, (body: unknown) => unknown> = {
		"/fault": (body) => plant.fault(checked(FaultOrder, body)),
		"/repair": (body) => plant.repair(checked(RepairOrder, body)),
		"/speed": (body) => plant.speed(checked(SpeedOrder, body)),
		"/network": (body) => plant.network(checked(NetworkOrder, body)),
	};
	const answer = async (request: IncomingMessage): Promise<unknown> => {
		if (!isKnown(request))
			throw new MillwrightError("simulator.token-wrong", "The simulator's token is missing or wrong", {
				kind: "unauthenticated",
				hint: "Send it as Authorization: Bearer …; it is given with MILLWRIGHT_SIMULATOR_TOKEN, or printed at the start.",
			});
		const url = new URL(request.url ?? "/", "http://127.0.0.1");
		if (request.method === "GET" && url.pathname === "/state") {
			const truth = Number(url.searchParams.get("truth") ?? 100);
			return plant.state({ truth: Number.isFinite(truth) ? truth : 100 });
		}
		const post = request.method === "POST" && Object.hasOwn(posts, url.pathname) ? posts[url.pathname] : undefined;
		if (!post)
			throw new MillwrightError("simulator.path-unknown", `There is no ${request.method} ${url.pathname}`, {
				kind: "missing",
				hint: `GET /state, POST ${Object.keys(posts).join(", ")}`,
			});
		return (await post(await bodyOf(request))) ?? {};
	};
	const send = (response: ServerResponse, status: number, body: unknown): void => {
		response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
		response.end(JSON.stringify(body));
	};
	const server = createServer((request, response) => {
		answer(request).then(
			(body) => send(response, 200, body),
			(thrown) => {
				const error = asMillwrightError(thrown);
				if (error.kind === "bug") log.error(error.message, { code: error.code });
				send(response, httpStatusOf[error.kind], error.toJSON());
			},
		);
	});
	server.requestTimeout = 10_000;
	await new Promise<void>((resolve, reject) => {
		server.once("error", (cause) =>
			reject(
				new MillwrightError("simulator.cannot-listen", `127.0.0.1:${about.port} cannot be listened on: ${cause.message}`, {
					kind: "outage",
					hint: "Another program may hold the port; start with --ports free.",
					cause,
				}),
			),
		);
		server.listen(about.port, "127.0.0.1", resolve);
	});
	const bound = server.address();
	return {
		port: bound && typeof bound === "object" ? bound.port : about.port,
		close: () =>
			new Promise<void>((resolve) => {
				server.close(() => resolve());
				server.closeAllConnections();
			}),
	};
}
