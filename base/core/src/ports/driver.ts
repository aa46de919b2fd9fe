import type * as z from "zod";
import type { Quality } from "../quality.ts";
import type { Value } from "../sample-batch.ts";
import type { Clock, Nanos } from "../time.ts";
import type { Log } from "./log.ts";

/** What a driver may lean on. It never reads the environment, never retries, never scales, never publishes. */
export interface DriverTools {
	clock: Clock;
	log: Log;
	/** Aborted when the connection is to end; everything pending must settle soon after. */
	signal: AbortSignal;
	/** A folder of the driver's own that survives restarts (certificates). */
	folder: string;
	/** Called once when the far end is gone, with why; the runtime then closes and opens anew. */
	lost(reason: Error): void;
	/** Certificate decisions of people; `false` refuses and leaves the certificate waiting for a decision. */
	trust: TrustStore;
}

/** Trust as a visible decision: what is unknown waits until a person decides. */
export interface TrustStore {
	isTrusted(certificate: PeerCertificate): boolean;
}

export interface PeerCertificate {
	/** SHA-1 of the DER, hex, as OPC UA tools show it. */
	thumbprint: string;
	subject: string;
	issuer: string;
	validFromMs: number;
	validUntilMs: number;
	applicationUri?: string;
	pem: string;
}

/** One value as the machine gave it. */
export interface Reading {
	value: Value;
	/** Where it was read, or the server's source time if it gives one. */
	time: Nanos;
	quality: Quality;
	/** The device's own word when quality is not good: "exception 2 illegal data address", "BadNodeIdUnknown". */
	reason?: string;
}

/** Where a tag lies in a linear space of registers or bytes; the runtime joins neighbours into one request. */
export interface Span {
	/** Only spans of the same space can be joined: "holding", "input", "coil", "db7". */
	space: string;
	/** First unit (register, bit or byte), inclusive. */
	start: number;
	/** Units. */
	length: number;
}

interface SessionBase<A> {
	/** Writes raw values, one at a time, in order; rejects with the device's reason. */
	write?(address: A, value: Value, signal: AbortSignal): Promise<void>;
	/** What lies below a node (or at the top), for pickers. */
	browse?(node: string | undefined, signal: AbortSignal): Promise<BrowseEntry[]>;
	close(): Promise<void>;
}

/** A machine with linear memory: the runtime plans blocks, the driver moves bytes. */
export interface BlockSession<A> extends SessionBase<A> {
	kind: "block";
	/**
	 * Raw bytes of `span.length` units, the same number of bytes each: two a register, one (0 or 1) a coil.
	 * Rejects with a `DeviceRefusal` when the device answers no.
	 */
	readBlock(span: Span, signal: AbortSignal): Promise<Uint8Array>;
}

/** A machine with named items. */
export interface ItemSession<A> extends SessionBase<A> {
	kind: "item";
	/** One reading an address, same order; an item's failure is its reading's quality, never a rejection. */
	read(addresses: readonly A[], signal: AbortSignal): Promise<Reading[]>;
	/** Changes as they come. `index` is the position in `addresses`. Items the server refuses get one bad reading. */
	subscribe?(
		addresses: readonly A[],
		options: { samplingMs: number },
		changed: (index: number, reading: Reading) => void,
		/** Anything was heard from the subscription, values or a keep-alive: proof of life. */
		alive: () => void,
		signal: AbortSignal,
	): Promise<{ stop(): Promise<void> }>;
}

export type DriverSession<A> = BlockSession<A> | ItemSession<A>;

export interface BrowseEntry {
	/** What to pass to browse deeper. */
	node: string;
	name: string;
	/** A variable can become a tag; an object only holds others. */
	kind: "object" | "variable";
	/** The address to configure, ready to paste. */
	address?: unknown;
	type?: string;
	unit?: string;
	description?: string;
	value?: string;
}

/** The device understood and said no; asking again in the same way is useless, asking for less may help. */
export class DeviceRefusal extends Error {
	readonly reason: string;
	/** Modbus exception, OPC UA status, … */
	readonly deviceCode: number;
	constructor(reason: string, deviceCode: number) {
		super(reason);
		this.name = "DeviceRefusal";
		this.reason = reason;
		this.deviceCode = deviceCode;
	}
}

/** Nobody has decided yet whether this peer may be trusted, or somebody decided that it may not. */
export class CertificateUntrusted extends Error {
	readonly certificate: PeerCertificate;
	constructor(certificate: PeerCertificate) {
		super(`The certificate of ${certificate.subject} (${certificate.thumbprint}) is not trusted`);
		this.name = "CertificateUntrusted";
		this.certificate = certificate;
	}
}

export interface Driver<S extends z.ZodType = z.ZodType, A extends z.ZodType = z.ZodType> {
	/** Folder name and the word in the configuration. */
	readonly name: string;
	readonly title: string;
	/** Of a connection: host, port, unit, security. Checking touches nothing outside. */
	readonly settings: S;
	/** Of one tag. */
	readonly address: A;
	/** For people: "holding register 40101 (address 100), float32 ABCD". */
	describe(address: z.output<A>): string;
	/** Block drivers only: where an address lies. */
	span?(address: z.output<A>): Span;
	/** Block drivers only: the raw value from the bytes of its own span. */
	decode?(address: z.output<A>, bytes: Uint8Array): Value;
	/** Block drivers only: the same bytes read in every word and byte order that makes a difference, for a person to pick from. */
	orders?(address: z.output<A>, bytes: Uint8Array): { order: string; value: Value }[];
	/** How many units one request may carry unless the connection says less; by space where they differ. */
	limits?: { maxLength: number | Readonly<Record<string, number>> };
	open(settings: z.output<S>, tools: DriverTools): Promise<DriverSession<z.output<A>>>;
}

export const driver = <S extends z.ZodType, A extends z.ZodType>(spec: Driver<S, A>): Driver<S, A> => spec;
