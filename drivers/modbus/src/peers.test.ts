import { execFile, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createClock } from "@millwright/runtime";
import { afterAll, describe, expect, test } from "vitest";
import modbus from "./index.ts";
import { createModbusServer } from "./server.ts";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "millwright-modbus-peers-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function build(name: string): string | undefined {
	const program = join(folder, name);
	try {
		const source = join(import.meta.dirname, "..", "peers", `${name}.c`);
		execFileSync("gcc", ["-O1", "-o", program, source, "-I/usr/include/modbus", "-lmodbus"], { stdio: "pipe" });
		return program;
	} catch (error) {
		process.stderr.write(
			`SKIPPED: no independent Modbus ${name}; install gcc and libmodbus-dev (${String(error).split("\n")[0]})\n`,
		);
		return undefined;
	}
}
const serverProgram = build("server");
const clientProgram = build("client");
const hasMbpoll = (() => {
	try {
		execFileSync("mbpoll", ["-V"], { stdio: "pipe" });
		return true;
	} catch {
		process.stderr.write("SKIPPED: no mbpoll; install mbpoll\n");
		return false;
	}
})();

const tools = () => ({
	clock: createClock(),
	log: { debug() {}, info() {}, warn() {}, error() {}, part: () => tools().log },
	signal: new AbortController().signal,
	folder,
	lost: () => {},
	trust: { isTrusted: () => false },
});
const soon = () => AbortSignal.timeout(5000);

describe("against libmodbus", () => {
	test.skipIf(!serverProgram)("our client reads and writes an independent server", async () => {
		const peer = spawn(serverProgram as string, { stdio: ["pipe", "pipe", "inherit"] });
		try {
			const port = await new Promise<number>((resolve) => peer.stdout.once("data", (line) => resolve(Number(line))));
			const session = await modbus.open(modbus.settings.parse({ host: "127.0.0.1", port }), tools());
			if (session.kind !== "block") throw new Error("a block driver");
			const read = async (given: Record<string, unknown>) => {
				const address = modbus.address.parse(given);
				return modbus.decode?.(address, await session.readBlock(modbus.span?.(address) as never, soon()));
			};
			const write = (given: Record<string, unknown>, value: number | boolean | bigint) =>
				session.write?.(modbus.address.parse(given), value, soon());

			expect(await read({ number: 40101, type: "float32" })).toBe(50);
			expect(await read({ number: 40111, type: "float32", order: "CDAB" })).toBe(-12.75);
			expect(await read({ number: 40121, type: "float32", order: "BADC" })).toBe(1234.5);
			expect(await read({ number: 40131, type: "float32", order: "DCBA" })).toBeCloseTo(0.001, 9);
			expect(await read({ table: "input", register: 66 })).toBe(198);
			expect(await read({ table: "discrete", register: 9 })).toBe(true);
			expect(await read({ table: "discrete", register: 10 })).toBe(false);
			await write({ register: 5 }, 4711);
			expect(await read({ register: 5 })).toBe(4711);
			await write({ register: 6, type: "float64" }, Math.PI);
			expect(await read({ register: 6, type: "float64" })).toBe(Math.PI);
			await write({ table: "coil", register: 12 }, true);
			expect(await read({ table: "coil", register: 12 })).toBe(true);
			await write({ register: 5, bit: 3 }, true);
			expect(await read({ register: 5 })).toBe(4711 | 8);
			await expect(read({ register: 299, type: "uint32" })).rejects.toMatchObject({ name: "DeviceRefusal", deviceCode: 2 });
			const reads = await Promise.all(Array.from({ length: 32 }, (_, i) => read({ table: "input", register: i })));
			expect(reads).toEqual(Array.from({ length: 32 }, (_, i) => i * 3));
			await session.close();
		} finally {
			peer.stdin.end();
			peer.kill();
		}
	});

	test.skipIf(!clientProgram)("an independent client reads and writes our server", async () => {
		const holding = new Uint16Array(500).map((_, i) => i * 2);
		const coil = new Uint8Array(40);
		coil.set([1, 1, 0, 1], 0);
		const discrete = new Uint8Array(20);
		discrete[7] = 1;
		const input = new Uint16Array(20).map((_, i) => 1000 + i);
		const server = createModbusServer({ clock: createClock(), units: new Map([[7, { holding, coil, discrete, input }]]) });
		const port = await server.listen();
		holding[30] = 0x12;
		try {
			const { stdout } = await run(clientProgram as string, [String(port), "7"]);
			expect(stdout.trim().split("\n")).toEqual([
				"read-holding 3 20 24",
				"read-all 125",
				"read-input 1 1004",
				"read-coils 1111010000000",
				"read-discrete 2 01",
				"write-register 1",
				"write-registers 3",
				"write-coil 1",
				"write-coils 10",
				"mask-write 1",
				"write-and-read 2 1",
				"beyond -1 2",
			]);
			expect([...holding.subarray(20, 24)]).toEqual([4711, 1, 2, 65_535]);
			expect(holding[30]).toBe(0x17);
			expect([...coil.subarray(20, 30)]).toEqual([1, 0, 1, 1, 0, 0, 1, 0, 1, 1]);
			expect(coil[3]).toBe(1);
		} finally {
			await server.close();
		}
	});
});

test.skipIf(!hasMbpoll)("mbpoll reads our server", async () => {
	const holding = new Uint16Array(10);
	holding.set([0x4248, 0, 77], 0);
	const server = createModbusServer({ clock: createClock(), units: new Map([[1, { holding }]]) });
	const port = await server.listen();
	try {
		const ask = (...more: string[]) => run("mbpoll", ["-m", "tcp", "-p", String(port), "-1", "-q", ...more, "127.0.0.1"]);
		expect((await ask("-t", "4:float", "-B", "-r", "1", "-c", "1")).stdout).toMatch(/\[1\]:\s+50/);
		expect((await ask("-t", "4", "-r", "3", "-c", "1")).stdout).toMatch(/\[3\]:\s+77/);
		await run("mbpoll", ["-m", "tcp", "-p", String(port), "-t", "4", "-r", "5", "127.0.0.1", "123"]);
		expect(holding[4]).toBe(123);
	} finally {
		await server.close();
	}
});
