import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { fixedPorts } from "../../test/kit/ports.ts";
import type { System } from "./system.ts";

export const influxMissing = spawnSync("influxd", ["version"]).status === 0 ? undefined : "influxd is not installed";

const day = 86_400_000_000_000n;

/** Quality is a tag there: as a field it would cost a time of its own. InfluxDB 1.x with a folder of its own: its defaults, but for limits and for when it compacts what is cold (at once). */
export async function startInflux(folder: string): Promise<System> {
	const [http, rpc] = (await fixedPorts(2)) as [number, number];
	mkdirSync(folder, { recursive: true });
	const config = join(folder, "influxdb.conf");
	writeFileSync(
		config,
		`reporting-disabled = true
bind-address = "127.0.0.1:${rpc}"
[meta]
dir = "${folder}/meta"
[data]
dir = "${folder}/data"
wal-dir = "${folder}/wal"
query-log-enabled = false
cache-snapshot-write-cold-duration = "5s"
compact-full-write-cold-duration = "10s"
[monitor]
store-enabled = false
[http]
bind-address = "127.0.0.1:${http}"
log-enabled = false
max-body-size = 0
`,
	);
	const server = spawn("influxd", ["-config", config], { stdio: "ignore" });
	const end = () => server.kill("SIGKILL");
	process.once("exit", end);
	const agent = new Agent({ keepAlive: true });

	const call = (method: string, path: string, body?: Buffer): Promise<string> =>
		new Promise((resolve, reject) => {
			const asked = request({ host: "127.0.0.1", port: http, method, path, agent }, (answer) => {
				const parts: Buffer[] = [];
				answer.on("data", (part: Buffer) => parts.push(part));
				answer.on("end", () => {
					const text = Buffer.concat(parts).toString();
					if ((answer.statusCode ?? 500) < 300) resolve(text);
					else reject(new Error(`influxd: ${answer.statusCode} ${text.slice(0, 200)}`));
				});
			});
			asked.on("error", reject);
			asked.end(body);
		});
	for (let tries = 0; ; tries++)
		try {
			await call("GET", "/ping");
			break;
		} catch (thrown) {
			if (tries > 200) throw thrown;
			await new Promise((resolve) => setTimeout(resolve, 50));
		}
	await call("POST", "/query?q=CREATE%20DATABASE%20plant");

	interface Answer {
		results: { series?: { values: unknown[][] }[]; error?: string }[];
	}
	const ask = async (query: string): Promise<number> => {
		const answer = JSON.parse(await call("GET", `/query?db=plant&epoch=ns&q=${encodeURIComponent(query)}`)) as Answer;
		const [result] = answer.results;
		if (result?.error) throw new Error(`influxd: ${result.error}`);
		return (result?.series ?? []).reduce((sum, { values }) => sum + values.length, 0);
	};

	return {
		name: "InfluxDB",
		version: spawnSync("influxd", ["version"], { encoding: "utf8" }).stdout.split(" ")[1] ?? "",
		prepare(batches) {
			const bodies = batches.map(({ tags, times, values, quality, length }) => {
				const lines: string[] = [];
				for (let i = 0; i < length; i++) lines.push(`s,t=${tags[i]},q=${quality[i]} v=${values[i]} ${times[i]}`);
				return Buffer.from(lines.join("\n"));
			});
			return {
				async send() {
					// Two requests under way: the server has two processors.
					const line = bodies.values();
					const lane = async () => {
						for (const body of line) await call("POST", "/write?db=plant&precision=ns", body);
					};
					await Promise.all([lane(), lane()]);
				},
			};
		},
		async settle() {
			let last = -1;
			for (let still = 0, waited = 0; still < 6 && waited < 48; waited++) {
				await new Promise((resolve) => setTimeout(resolve, 2500));
				const now = bytesIn(folder);
				still = now === last ? still + 1 : 0;
				last = now;
			}
			return { bytes: last };
		},
		dayAtMinute: (tag, from) =>
			ask(
				`SELECT mean(v),min(v),max(v),count(v) FROM s WHERE t='${tag}' AND time>=${from} AND time<${from + day} GROUP BY time(1m) fill(none)`,
			),
		monthAtHour: (tags, from) =>
			ask(
				`SELECT mean(v),min(v),max(v) FROM s WHERE t=~/^(${tags.join("|")})$/ AND time>=${from} AND time<${from + 30n * day} GROUP BY time(1h),t fill(none)`,
			),
		rawHour: (tag, from) => ask(`SELECT v,q FROM s WHERE t='${tag}' AND time>=${from} AND time<${from + day / 24n}`),
		lastOfAll: () => ask("SELECT last(v) FROM s GROUP BY t"),
		async stop() {
			const ended = new Promise((resolve) => server.once("exit", resolve));
			server.kill("SIGTERM");
			await ended;
			agent.destroy();
			process.off("exit", end);
		},
	};
}

function bytesIn(folder: string): number {
	let bytes = 0;
	for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true }))
		if (entry.isFile()) bytes += statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0;
	return bytes;
}
