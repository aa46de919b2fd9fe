import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { copyFile, mkdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Log, MillwrightError } from "@millwright/core";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const readyWithinMs = 60_000;

export interface DemoPlant {
	/** Where faults are injected, and the word that opens it. */
	control: { url: string; token: string };
	stop(): Promise<void>;
}

/** The demo's configuration is copied once; from then on the screens edit the copy. */
export async function prepareDemoConfig(folder: string): Promise<string> {
	const file = join(folder, "millwright.yaml");
	await mkdir(folder, { recursive: true });
	if (!(await stat(file).catch(() => undefined))) await copyFile(join(root, "millwright.yaml"), file);
	return file;
}

/** The demo plant, in a process of its own that ends with this one. */
export async function startDemoPlant({ folder, log }: { folder: string; log: Log }): Promise<DemoPlant> {
	const token = randomBytes(18).toString("base64url");
	const script = join(root, "apps", "simulator", "src", "main.ts");
	const child = spawn(process.execPath, [script, "--plant", "demo", "--with-parent", "--folder", join(folder, "plant")], {
		cwd: dirname(script),
		env: { ...process.env, MILLWRIGHT_SIMULATOR_TOKEN: token },
		stdio: ["pipe", "pipe", "pipe"],
	});
	// What the plant complains about is worth a line; what its libraries chatter is not.
	child.stderr.on("data", (text: Buffer) => log.part("plant").debug(text.toString().trim()));
	const ready = await firstLine(child);
	return {
		control: { url: ready.control, token },
		stop: () =>
			new Promise((resolve) => {
				if (child.exitCode !== null || child.signalCode !== null) return resolve();
				child.once("close", () => resolve());
				child.kill("SIGTERM");
			}),
	};
}

function firstLine(child: ChildProcess): Promise<{ control: string }> {
	const failed = (why: string) =>
		new MillwrightError("server.demo-failed", `The demo plant did not start: ${why}`, {
			kind: "outage",
			hint: "Is another demo running? Its ports 15021 to 15080 and 14840 must be free.",
		});
	return new Promise((resolve, reject) => {
		const late = setTimeout(() => reject(failed("no answer in a minute")), readyWithinMs);
		const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
		lines.on("line", (line) => {
			if (!line.startsWith("{")) return;
			clearTimeout(late);
			resolve(JSON.parse(line) as { control: string });
		});
		child.once("close", (code) => {
			clearTimeout(late);
			reject(failed(`it ended with ${code}`));
		});
	});
}
