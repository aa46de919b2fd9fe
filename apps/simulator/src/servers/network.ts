import * as z from "zod";

export const NetworkAction = z.enum(["cut", "half-open", "restore", "slow", "stale-ids", "restart-new-ids"]);
export type NetworkAction = z.output<typeof NetworkAction>;

export const NetworkOrder = z.strictObject({
	target: z.string().meta({ description: "line-1-plc, line-2-plc, line-3-plc, palletizer-9, process-cell" }),
	action: NetworkAction,
	/** How slow, for the action slow. */
	delayMs: z.int().min(0).max(60_000).default(2000),
});
export type NetworkOrder = z.output<typeof NetworkOrder>;

/** A server of the plant and what is wrong on its wire now. */
export interface Target {
	readonly name: string;
	readonly protocol: "modbus" | "opcua";
	readonly port: number;
	readonly wire: NetworkAction | "good";
	act(order: NetworkOrder): Promise<void>;
	close(): Promise<void>;
}
