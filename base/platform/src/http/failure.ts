import { randomBytes } from "node:crypto";
import { type ErrorBody, httpStatusOf, type Log, MillwrightError } from "@millwright/core";

/** Where HTTP has a finer word than the kind. */
const finerStatus: Record<string, number> = {
	"platform.body-too-large": 413,
	"platform.media-type": 415,
	"platform.method": 405,
};

/** What Fastify refuses before we are asked, in our words. */
function fromFastify(error: { code?: string; message?: string; statusCode?: number }): MillwrightError | undefined {
	switch (error.code) {
		case "FST_ERR_CTP_BODY_TOO_LARGE":
			return new MillwrightError("platform.body-too-large", "The body is larger than this server takes", {
				kind: "input",
				hint: "Send less at once, or raise the body limit in the configuration.",
			});
		case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
			return new MillwrightError("platform.media-type", "The body is not JSON", {
				kind: "input",
				hint: "Send it with content-type: application/json.",
			});
		default:
			// Paths out of the web folder, null bytes: a stranger's mistake is no bug of ours, and fills no log.
			return error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500
				? new MillwrightError("platform.request-invalid", "The request cannot be understood", {
						kind: "input",
						hint: "Check the address and the headers.",
					})
				: undefined;
	}
}

/** Anything thrown, as status and body. A bug is told by a reference that stands in the log too; its insides stay here. */
export function answerTo(thrown: unknown, about: { log: Log; what: string }): { status: number; body: ErrorBody } {
	const error = thrown instanceof MillwrightError ? thrown : fromFastify((thrown ?? {}) as { code?: string });
	if (error && error.kind !== "bug") {
		if (error.kind === "outage") about.log.warn("A call failed", { what: about.what, code: error.code, reason: error.message });
		return { status: finerStatus[error.code] ?? httpStatusOf[error.kind], body: error.toJSON() };
	}
	const reference = `ref_${randomBytes(6).toString("hex")}`;
	const { stack, cause } = thrown instanceof Error ? thrown : new Error(String(thrown));
	about.log.error("A call met a bug", {
		reference,
		what: about.what,
		stack,
		...(cause instanceof Error ? { cause: cause.stack } : {}),
	});
	return {
		status: 500,
		body: {
			code: error?.code ?? "platform.unexpected",
			kind: "bug",
			message: "Something went wrong on our side",
			hint: `Report it with the reference ${reference}; it stands beside the details in the server's log.`,
			data: { reference },
		},
	};
}
