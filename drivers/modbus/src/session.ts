import { type BlockSession, DeviceRefusal, MillwrightError, type Span, type Value } from "@millwright/core";
import { type Address, checkWritable, isBitTable, type Table } from "./address.ts";
import { exceptionText } from "./exceptions.ts";
import { type DataResponse, isException, type Request, type Response, unpackBits } from "./pdu.ts";
import type { Settings } from "./settings.ts";
import type { TcpClient } from "./tcp-client.ts";
import { asBoolean, encode } from "./values.ts";

const readCode: Record<Table, 1 | 2 | 3 | 4> = { coil: 1, discrete: 2, holding: 3, input: 4 };
const illegalFunction = 1;

/** Busy, or a gateway that cannot reach the device: says nothing against the address, and the same request may do later. */
const passing: readonly number[] = [5, 6, 10, 11];

const refusal = (exception: number): Error =>
	passing.includes(exception)
		? new MillwrightError("modbus.device-not-ready", `The device answers ${exceptionText(exception)}`, {
				kind: exception < 10 ? "busy" : "outage",
				hint:
					exception < 10
						? "Ask less often, or fewer things at once (inFlight, pause)."
						: "The gateway does not reach the device: check unit id, power and wiring behind it.",
			})
		: new DeviceRefusal(exceptionText(exception), exception);

/** Reads blocks and writes values of one unit; refusals of the device become `DeviceRefusal`. */
export function createSession(client: TcpClient, { unit, bitWrites }: Settings): BlockSession<Address> {
	const ask = async (request: Request, signal: AbortSignal): Promise<Response> => {
		const response = await client.request(unit, request, signal);
		if (isException(response)) throw refusal(response.exception);
		return response;
	};
	const isUnspoken = (error: unknown): boolean => error instanceof DeviceRefusal && error.deviceCode === illegalFunction;
	/** Devices that know one of the two ways to write a single register answer the other with exception 1. */
	let writesSingly = true;

	const writeRegisters = async (start: number, data: Uint8Array, signal: AbortSignal): Promise<void> => {
		if (data.length === 2 && writesSingly) {
			try {
				await ask({ code: 6, start, value: ((data[0] as number) << 8) | (data[1] as number) }, signal);
				return;
			} catch (error) {
				if (!isUnspoken(error)) throw error;
				writesSingly = false;
			}
		}
		await ask({ code: 16, start, data }, signal);
	};

	const writeBit = async (address: Address, value: Value, signal: AbortSignal): Promise<void> => {
		const on = asBoolean(address, value);
		// With its bytes swapped, bit 0 is on the wire bit 8.
		const swapped = address.order === "BADC" || address.order === "DCBA";
		const bit = 1 << ((address.bit ?? 0) ^ (swapped ? 8 : 0));
		const start = address.register;
		if (bitWrites === "mask") {
			await ask({ code: 22, start, and: 0xffff & ~bit, or: on ? bit : 0 }, signal);
			return;
		}
		const { data } = (await ask({ code: 3, start, quantity: 1 }, signal)) as DataResponse;
		const before = ((data[0] as number) << 8) | (data[1] as number);
		const after = on ? before | bit : before & ~bit;
		await writeRegisters(start, Uint8Array.of(after >> 8, after & 0xff), signal);
	};

	return {
		kind: "block",
		async readBlock({ space, start, length }: Span, signal) {
			const code = readCode[space as Table];
			const { data } = (await ask({ code, start, quantity: length }, signal)) as DataResponse;
			return code <= 2 ? unpackBits(data, length) : data;
		},
		async write(address, value, signal) {
			checkWritable(address);
			if (isBitTable(address.table)) {
				await ask({ code: 5, start: address.register, value: asBoolean(address, value) }, signal);
			} else if (address.type === "bit") await writeBit(address, value, signal);
			else await writeRegisters(address.register, encode(address, value), signal);
		},
		async close() {
			client.close();
		},
	};
}
