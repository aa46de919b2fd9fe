import type { Principal } from "@millwright/core";

/** Who is at the door? Answered by govern/access. */
export interface Gatekeeper {
	/** Undefined when the credentials are missing, wrong, expired or revoked. */
	identify(knock: {
		sessionToken?: string;
		bearer?: string;
		address: string;
		agent: string;
	}): Promise<{ principal: Principal; session?: string } | undefined>;
}

/** Where every write is written down before its answer leaves. Kept by govern/audit. */
export interface AuditTrail {
	/** Resolves when the entry is durable. `input` comes without its secrets. */
	record(entry: {
		who: Principal;
		from: string;
		what: string;
		input: unknown;
		why: string;
		outcome: "done" | "refused" | "failed";
		code: string;
	}): Promise<void>;
}
