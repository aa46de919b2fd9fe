import { request } from "node:http";

export interface Reply {
	status: number;
	headers: Record<string, string | string[] | undefined>;
	text: string;
	/** Our error code, where the answer is one. */
	code: string;
}

/** A request from an address of this machine's own choosing: on Linux all of 127.0.0.0/8 is loopback. */
export function httpFrom(
	url: string,
	{
		path,
		method = "GET",
		headers = {},
		body,
		from,
	}: { path: string; method?: string; headers?: Record<string, string>; body?: string; from?: string },
): Promise<Reply> {
	const { hostname, port } = new URL(url);
	return new Promise((resolve, reject) => {
		const asked = request(
			{ hostname, port, path, method, headers, agent: false, ...(from ? { localAddress: from } : {}) },
			(response) => {
				let text = "";
				response.setEncoding("utf8");
				response.on("data", (chunk: string) => {
					text += chunk;
				});
				response.on("end", () => {
					let code = "";
					try {
						code = String((JSON.parse(text) as { code?: unknown }).code ?? "");
					} catch {
						// Not every answer is JSON.
					}
					resolve({ status: response.statusCode ?? 0, headers: response.headers, text, code });
				});
			},
		);
		asked.on("upgrade", (response, socket) => {
			socket.destroy();
			resolve({ status: response.statusCode ?? 0, headers: response.headers, text: "", code: "" });
		});
		asked.on("error", reject);
		asked.end(body);
	});
}

export const postFrom = (
	url: string,
	path: string,
	input: unknown,
	more: { from?: string; headers?: Record<string, string> } = {},
) =>
	httpFrom(url, {
		path,
		method: "POST",
		headers: { "content-type": "application/json", "x-millwright": "1", ...more.headers },
		body: JSON.stringify(input),
		...(more.from ? { from: more.from } : {}),
	});

/** What the server answers to an attempt to become a WebSocket; 101 when it lets it. */
export const upgradeStatus = async (url: string, path: string, headers: Record<string, string>): Promise<number> =>
	(
		await httpFrom(url, {
			path,
			headers: {
				connection: "Upgrade",
				upgrade: "websocket",
				"sec-websocket-version": "13",
				"sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
				...headers,
			},
		})
	).status;
