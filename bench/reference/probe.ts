import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { ProbeOrder, ProbeResult } from "./probe-process.ts";

/** The probe in a process of its own, so that nobody else's work is in its figures. */
export async function startProbe(order: ProbeOrder): Promise<{ reset(): void; stop(): Promise<ProbeResult> }> {
	const child = fork(fileURLToPath(new URL("./probe-process.ts", import.meta.url)));
	child.send(order);
	await once(child, "message");
	return {
		reset: () => child.send("reset"),
		async stop() {
			child.send("stop");
			const [result] = (await once(child, "message")) as [ProbeResult];
			return result;
		},
	};
}
