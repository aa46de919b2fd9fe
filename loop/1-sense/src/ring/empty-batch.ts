import type { SampleBatch } from "@millwright/core";

/** Numbers that hold nothing: lost before they could be delivered. Consumers take note that they need not wait for them. */
export const emptyBatch = (connection: string, first: number, last: number): SampleBatch => ({
	connection,
	first,
	last,
	historical: true,
	readAtMs: Number.NaN,
	length: 0,
	tags: new Uint32Array(0),
	times: new BigInt64Array(0),
	values: new Float64Array(0),
	quality: new Uint8Array(0),
	texts: new Map(),
});
