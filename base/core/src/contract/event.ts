import type * as z from "zod";
import type { Role } from "./who.ts";

/** Something that happened, said once, heard by whoever cares. Low rate: samples travel as batches on a channel. */
export interface EventContract<D extends z.ZodType = z.ZodType> {
	/** Past tense: "twin.limit-raised". */
	readonly name: string;
	readonly summary: string;
	readonly data: D;
	/** Who may hear of it in live updates; everybody who may see its data class when left out. */
	readonly allow?: readonly Role[];
}

export const event = <D extends z.ZodType>(spec: EventContract<D>): EventContract<D> => spec;

/** A stream too fast for schemas: typed by hand, same array for everyone, no copies. */
export interface Channel<T> {
	readonly name: string;
	/** Carries the type only. */
	readonly type?: T;
}

export const channel = <T>(name: string): Channel<T> => ({ name });

/** The in-process carrier of events and channels. Delivery is synchronous and in order of subscription. */
export interface Bus {
	emit<D extends z.ZodType>(contract: EventContract<D>, data: z.output<D>): void;
	/** `owner` names the listener in the log when it fails; its failure never stops its neighbours. Returns the way to stop. */
	on<D extends z.ZodType>(contract: EventContract<D>, owner: string, listener: (data: z.output<D>) => void): () => void;
	/** Every event, for the live hub and the audit. */
	onAny(owner: string, listener: (contract: EventContract, data: unknown) => void): () => void;
	send<T>(to: Channel<T>, message: T): void;
	receive<T>(from: Channel<T>, owner: string, listener: (message: T) => void): () => void;
}
