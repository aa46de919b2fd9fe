import {
	type BlockSession,
	DeviceRefusal,
	type Driver,
	type DriverTools,
	driver,
	type ItemSession,
	Quality,
	type Reading,
	type Span,
	type Value,
} from "@millwright/core";
import * as z from "zod";

/** A machine that does what a test says: registers of two bytes each, refusals, silence, loss. */
export function machineForTest() {
	const registers = new Map<number, number>();
	const machine = {
		registers,
		/** Registers that answer with a refusal, alone or in any stretch. */
		refused: new Set<number>(),
		isReachable: true,
		isMute: false,
		opens: 0,
		closes: 0,
		requests: [] as Span[],
		writes: [] as [number, Value][],
		tools: undefined as DriverTools | undefined,
		/** Answers held back while mute, given late on purpose. */
		late: [] as (() => void)[],
		throwInDecode: false,
		/** As given to the driver, newest last. */
		settings: [] as { host: string; port?: number | undefined; password?: string | undefined }[],
		openWith: undefined as ((tools: DriverTools) => void) | undefined,
	};
	const made = driver({
		name: "blocks",
		title: "Test machine",
		settings: z.strictObject({ host: z.string(), port: z.int().optional(), password: z.string().optional() }),
		address: z.strictObject({ register: z.int().min(0) }),
		describe: ({ register }) => `register ${register}`,
		span: ({ register }) => ({ space: "holding", start: register, length: 1 }),
		decode(_address, bytes) {
			if (machine.throwInDecode) throw new Error("cannot make sense of it");
			return new DataView(bytes.buffer, bytes.byteOffset).getInt16(0);
		},
		orders: (_address, bytes) => [{ order: "BA", value: new DataView(bytes.buffer, bytes.byteOffset).getInt16(0, true) }],
		limits: { maxLength: 100 },
		async open(settings, tools) {
			machine.opens++;
			machine.settings.push(settings);
			machine.tools = tools;
			machine.openWith?.(tools);
			if (!machine.isReachable) throw new Error("connection refused");
			const session: BlockSession<{ register: number }> = {
				kind: "block",
				readBlock(span) {
					machine.requests.push(span);
					const answer = (): Uint8Array => {
						for (let at = span.start; at < span.start + span.length; at++)
							if (machine.refused.has(at)) throw new DeviceRefusal("exception 2 illegal data address", 2);
						const bytes = new Uint8Array(span.length * 2);
						const view = new DataView(bytes.buffer);
						for (let i = 0; i < span.length; i++) view.setInt16(i * 2, registers.get(span.start + i) ?? 0);
						return bytes;
					};
					if (machine.isMute)
						return new Promise((resolve, reject) =>
							machine.late.push(() => new Promise<Uint8Array>((settle) => settle(answer())).then(resolve, reject)),
						);
					return new Promise((resolve) => resolve(answer()));
				},
				async write({ register }, value) {
					machine.writes.push([register, value]);
					registers.set(register, Number(value));
				},
				async close() {
					machine.closes++;
				},
			};
			return session;
		},
	});
	return Object.assign(machine, { driver: made as Driver });
}

/** A machine with named items that sends changes. */
export function itemsForTest() {
	type Listener = {
		addresses: readonly { item: string }[];
		changed: (index: number, reading: Reading) => void;
		alive: () => void;
	};
	const machine = {
		listeners: [] as Listener[],
		refused: new Set<string>(),
		opens: 0,
		stops: 0,
		/** What its clock is ahead of ours, or how late it sends when negative, ms. */
		aheadMs: 0,
		send(item: string, value: Value, quality: Quality = Quality.good, reason?: string) {
			for (const { addresses, changed } of machine.listeners)
				for (const [index, address] of addresses.entries())
					if (address.item === item)
						changed(index, {
							value,
							time: (machine.tools as DriverTools).clock.now() + BigInt(machine.aheadMs) * 1_000_000n,
							quality,
							...(reason === undefined ? {} : { reason }),
						});
		},
		alive() {
			for (const { alive } of machine.listeners) alive();
		},
		tools: undefined as DriverTools | undefined,
	};
	const made = driver({
		name: "items",
		title: "Test items",
		settings: z.strictObject({ endpoint: z.string() }),
		address: z.strictObject({ item: z.string() }),
		describe: ({ item }) => item,
		async open(_settings, tools) {
			machine.opens++;
			machine.tools = tools;
			machine.listeners = [];
			const session: ItemSession<{ item: string }> = {
				kind: "item",
				async read(addresses) {
					return addresses.map(() => ({ value: 1, time: tools.clock.now(), quality: Quality.good }));
				},
				async subscribe(addresses, _options, changed, alive) {
					const listener = { addresses, changed, alive };
					machine.listeners.push(listener);
					for (const [index, { item }] of addresses.entries())
						changed(
							index,
							machine.refused.has(item)
								? { value: null, time: tools.clock.now(), quality: Quality.badConfiguration, reason: "BadNodeIdUnknown" }
								: { value: 0, time: tools.clock.now(), quality: Quality.good },
						);
					return {
						async stop() {
							machine.stops++;
							machine.listeners = machine.listeners.filter((one) => one !== listener);
						},
					};
				},
				async close() {},
			};
			return session;
		},
	});
	return Object.assign(machine, { driver: made as Driver });
}
