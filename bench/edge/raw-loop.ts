import { createInterface } from "node:readline";
import modbus from "@millwright/driver-modbus";
import { createClock, silentLog } from "@millwright/runtime";

/** The driver alone: the same requests as fast as they are answered, every value decoded and summed, nothing kept. */
const [ports, registers, inFlight] = process.argv.slice(2) as [string, string, string];
const clock = createClock();
const perRequest = 62;
const sum = { values: 0, total: 0 };
const addresses = Array.from({ length: Number(registers) }, (_, at) =>
	modbus.address.parse({ register: at * 2, type: "uint32" }),
);

async function readForEver(port: number): Promise<void> {
	const session = await modbus.open(modbus.settings.parse({ host: "127.0.0.1", port }), {
		clock,
		log: silentLog,
		signal: new AbortController().signal,
		folder: ".",
		lost: (reason) => {
			throw reason;
		},
		trust: { isTrusted: () => false, isRefused: () => false } as never,
	});
	if (session.kind !== "block") throw new Error("Modbus reads blocks");
	const blocks: { start: number; length: number; from: number }[] = [];
	for (let at = 0; at < addresses.length; at += perRequest)
		blocks.push({ start: at * 2, length: Math.min(perRequest, addresses.length - at) * 2, from: at });
	const signal = new AbortController().signal;
	for (;;) {
		for (let at = 0; at < blocks.length; at += Number(inFlight))
			await Promise.all(
				blocks.slice(at, at + Number(inFlight)).map(async ({ start, length, from }) => {
					const bytes = await session.readBlock({ space: "holding", start, length }, signal);
					for (let i = 0; i < length / 2; i++) {
						sum.total += modbus.decode?.(addresses[from + i] as never, bytes.subarray(i * 4, i * 4 + 4)) as number;
						sum.values++;
					}
				}),
			);
	}
}
for (const port of ports.split(",")) void readForEver(Number(port));
process.stdout.write(`${JSON.stringify({ pid: process.pid })}\n`);
createInterface({ input: process.stdin }).on("line", () => process.stdout.write(`${JSON.stringify(sum)}\n`));
