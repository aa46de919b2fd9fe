import {
	type Api,
	asMillwrightError,
	type Call,
	type ErrorKind,
	type Log,
	MillwrightError,
	maySee,
	type Operation,
	operationName,
	type Principal,
	type Service,
} from "@millwright/core";
import type { AuditTrail } from "../ports.ts";
import { invalidInput } from "./invalid-input.ts";
import { auditable } from "./redact.ts";

/** Who calls when nobody is signed in; may do what is allowed to anyone. */
export const nobody: Principal = { id: "nobody", name: "Nobody signed in", kind: "person", roles: [] };

export type GuardedCall = Partial<Call>;
/** Input as it came; a function is asked for it only once the caller has been admitted. */
export type GuardedOperation = (input: unknown, call: GuardedCall) => Promise<unknown>;

const longestWhy = 1000;

/**
 * The one door in front of a service, whatever the way in (HTTP, MCP, copilot): role, clearance, input, and for writes
 * an audit entry that is durable before the answer is given.
 */
export function guard<A extends Api>(
	step: string,
	api: A,
	service: Service<A>,
	how: {
		audit: AuditTrail;
		log: Log;
		/** Check answers against their schema; for tests and development, since it costs time on every answer. */
		checkOutput?: boolean;
	},
): { [K in keyof A]: GuardedOperation } {
	const doors = Object.entries(api).map(([key, operation]) => {
		const run = service[key as keyof A] as (input: unknown, call: Call) => Promise<unknown>;
		return [key, door(step, operationName(step, key), operation, (input, call) => run.call(service, input, call), how)];
	});
	return Object.fromEntries(doors) as { [K in keyof A]: GuardedOperation };
}

function door(
	step: string,
	name: string,
	operation: Operation,
	run: (input: unknown, call: Call) => Promise<unknown>,
	{ audit, log, checkOutput = false }: { audit: AuditTrail; log: Log; checkOutput?: boolean },
): GuardedOperation {
	const writes = operation.effect === "write";

	const write = async (call: Call, input: unknown, error?: MillwrightError) => {
		if (!writes) return;
		try {
			await audit.record({
				who: call.principal,
				from: call.from ?? "internal",
				what: name,
				input: auditable(input, operation.secrets),
				why: (call.why ?? "").slice(0, longestWhy),
				outcome: error ? outcomeOf(error.kind) : "done",
				code: error?.code ?? "",
			});
		} catch (cause) {
			log.error("The audit log could not be written", { operation: name, error: asMillwrightError(cause).message });
			throw new MillwrightError(
				"platform.audit-failed",
				error
					? `${name} was not done, and the attempt could not be written to the audit log`
					: `${name} was done but could not be written to the audit log`,
				{
					kind: "outage",
					hint: "Check the free space and rights of the data folder; look at what is there before trying again.",
					data: { done: !error },
					cause,
				},
			);
		}
	};

	return async (given, partial) => {
		const call: Call = { ...partial, principal: partial.principal ?? nobody };
		const refusal = refusalOf(name, operation, call.principal);
		if (refusal) {
			// Nobody's knocking is not written down: it would let anyone fill the log.
			if (call.principal !== nobody) await write(call, knownFields(operation, given), refusal);
			throw refusal;
		}
		const raw = typeof given === "function" ? (given as () => unknown)() : (given ?? {});
		const parsed = operation.input.safeParse(raw);
		if (!parsed.success) {
			const error = invalidInput(step, parsed.error);
			await write(call, knownFields(operation, raw), error);
			throw error;
		}
		let output: unknown;
		try {
			output = await run(parsed.data, call);
			if (checkOutput && !operation.download) checkAnswer(name, operation, output);
		} catch (thrown) {
			const error = asMillwrightError(thrown, `${step}.unexpected`);
			await write(call, parsed.data, error);
			throw error;
		}
		await write(call, parsed.data);
		return output;
	};
}

/** Why this caller may not, if so. */
export function refusalOf(name: string, operation: Operation, principal: Principal): MillwrightError | undefined {
	const { allow, dataClass } = operation;
	if (allow !== "anyone") {
		if (principal === nobody || principal.id === nobody.id)
			return new MillwrightError("platform.sign-in-required", `${name} needs somebody signed in`, {
				kind: "unauthenticated",
				hint: "Sign in, or send an API key as a bearer token.",
			});
		if (allow !== "signed-in" && !principal.roles.some((role) => allow.includes(role)))
			return new MillwrightError("platform.role-denied", `${principal.name} may not call ${name}`, {
				kind: "denied",
				hint: `It takes one of these roles: ${allow.join(", ")}. Ask an administrator.`,
			});
	}
	if (dataClass !== "public" && !maySee(principal, dataClass))
		return new MillwrightError("platform.clearance-denied", `${principal.name} may not see ${dataClass} data`, {
			kind: "denied",
			hint: "Ask an administrator for a role with that clearance.",
		});
	return undefined;
}

const outcomeOf = (kind: ErrorKind): "refused" | "failed" => (kind === "outage" || kind === "bug" ? "failed" : "refused");

/** Of an input that was not accepted, only the fields the operation knows: a misspelt key could hold a secret. */
function knownFields(operation: Operation, given: unknown): unknown {
	if (typeof given !== "object" || given === null) return {};
	const { shape } = operation.input.def as unknown as { shape?: Record<string, unknown> };
	return Object.fromEntries(Object.entries(given).filter(([key]) => shape && Object.hasOwn(shape, key)));
}

function checkAnswer(name: string, operation: Operation, output: unknown): void {
	const { success, error } = operation.output.safeParse(output);
	if (success) return;
	throw new MillwrightError("platform.output-invalid", `${name} answered out of its own contract`, {
		data: { issues: error.issues.slice(0, 5).map(({ path, message }) => `${path.join(".")}: ${message}`) },
	});
}
