import { Readable } from "node:stream";
import type { Download, Log } from "@millwright/core";
import type { FastifyReply } from "fastify";

/** A file for saving, under a name that any browser and disk takes. Source: RFC 6266, RFC 8187. */
export function sendDownload(reply: FastifyReply, { fileName, mediaType, body }: Download, log: Log): FastifyReply {
	const name = fileName.replace(/[\\/\p{Cc}]/gu, "_").slice(0, 200);
	const plain = name.replace(/[^\x20-\x7e]|["%]/g, "_");
	const encoded = encodeURIComponent(name.toWellFormed()).replace(
		/['()*]/g,
		(c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
	);
	reply.header("content-type", mediaType);
	reply.header("content-disposition", `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`);
	if (body instanceof Uint8Array) return reply.send(Buffer.from(body.buffer, body.byteOffset, body.byteLength));
	const stream = Readable.from(body, { objectMode: false });
	stream.on("error", (error) => {
		// Its headers are out: the connection breaks, so that half a file does not look whole.
		if (reply.raw.headersSent) log.warn("A download broke off", { file: name, reason: error.message });
	});
	return reply.send(stream);
}
