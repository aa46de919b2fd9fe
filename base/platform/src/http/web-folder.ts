import { join } from "node:path";
import staticFiles from "@fastify/static";
import type { FastifyInstance } from "fastify";
import { unknownPath } from "./services.ts";

/** A file whose name carries a hash of its content never changes. */
const hashed = /[.-][A-Za-z0-9_-]{8,}\.(?:js|css|woff2?|svg|png|webp|wasm|json)(?:\.(?:br|gz))?$/;
/** The last part of an address with an extension asks for a file, not for a page of the app. */
const asksForFile = /\.[a-z0-9]{1,8}$/i;

/** The built web app; every address that is not a file is a page of it. */
export async function serveWebFolder(app: FastifyInstance, folder: string | undefined): Promise<void> {
	if (folder)
		await app.register(staticFiles, {
			root: folder,
			preCompressed: true,
			cacheControl: false,
			// Dot files are nobody's business.
			dotfiles: "ignore",
			setHeaders(response, path) {
				const lasting = path.startsWith(join(folder, "assets")) && hashed.test(path);
				response.header("cache-control", lasting ? "public, max-age=31536000, immutable" : "no-cache");
			},
		});
	app.setNotFoundHandler((request, reply) => {
		const [path = ""] = request.url.split("?");
		const page = folder && (request.method === "GET" || request.method === "HEAD") && !asksForFile.test(path);
		if (!page) throw unknownPath(path);
		return reply.sendFile("index.html");
	});
}
