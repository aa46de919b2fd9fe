import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DriverTools } from "@millwright/core";
import modbus from "@millwright/driver-modbus";
import { createClock, silentLog } from "@millwright/runtime";
import { AttributeIds, type DataValue, OPCUAClient, TimestampsToReturn } from "node-opcua";
import { expect, test } from "vitest";
import { loadNamespace, openLoad } from "./load-simulator.ts";

test("each answer of a register is the next number, and each tick of OPC UA arrives once at a client that samples twice a tick", async () => {
	const folder = mkdtempSync(join(tmpdir(), "load-"));
	const clock = createClock();
	const shape = { modbusConnections: 2, registersPerConnection: 80, opcuaTags: 10, rate: 10, counting: "reads" as const };
	const load = await openLoad({ shape, folder, clock, log: silentLog, ports: {} });
	const ends = new AbortController();
	const client = OPCUAClient.create({ endpointMustExist: false });
	try {
		const tools: DriverTools = {
			clock,
			log: silentLog,
			signal: ends.signal,
			folder,
			lost: () => {},
			trust: { isTrusted: () => false },
		};
		const session = await modbus.open(modbus.settings.parse({ host: "127.0.0.1", port: load.ports["load-2"] }), tools);
		if (session.kind !== "block") expect.fail();
		const address = modbus.address.parse({ register: 158, type: "uint32" });
		for (let i = 1; i <= 3; i++) {
			const bytes = await session.readBlock({ space: "holding", start: 120, length: 40 }, AbortSignal.timeout(3000));
			expect(modbus.decode?.(address, bytes.subarray(76))).toBe(i);
		}
		expect(load.answered()["load-2"]?.slice(58, 61)).toEqual([0, 0, 3]);
		await expect(
			session.readBlock({ space: "holding", start: 150, length: 20 }, AbortSignal.timeout(3000)),
		).rejects.toMatchObject({ deviceCode: 2 });

		await client.connect(`opc.tcp://127.0.0.1:${load.ports["load-opcua"]}`);
		const ua = await client.createSession();
		const index = (await ua.readNamespaceArray()).indexOf(loadNamespace);
		const subscription = await ua.createSubscription2({
			requestedPublishingInterval: 100,
			requestedLifetimeCount: 100,
			requestedMaxKeepAliveCount: 10,
			publishingEnabled: true,
		});
		const item = await subscription.monitor(
			{ nodeId: `ns=${index};s=Load.Counter7`, attributeId: AttributeIds.Value },
			{ samplingInterval: 50, queueSize: 20, discardOldest: true },
			TimestampsToReturn.Both,
		);
		const seen: number[] = [];
		item.on("changed", (value: DataValue) => void seen.push(value.value.value as number));
		await expect.poll(() => seen.length, { timeout: 10_000 }).toBeGreaterThan(20);
		const first = seen[0] as number;
		expect(seen).toEqual(seen.map((_, i) => first + i));
		expect(load.ticks).toBeGreaterThanOrEqual(seen.at(-1) as number);
		await ua.close();
	} finally {
		await client.disconnect();
		ends.abort();
		await load.close();
		rmSync(folder, { recursive: true, force: true });
	}
}, 30_000);
