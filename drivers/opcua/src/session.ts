import type { DriverTools, ItemSession } from "@millwright/core";
import type { Address } from "./address.ts";
import { createBrowser } from "./browser.ts";
import { connect } from "./connection.ts";
import { routeLibraryLog } from "./library-log.ts";
import { createAttributeReader, readValues } from "./reader.ts";
import { createResolver } from "./resolver.ts";
import { readLimits } from "./server-limits.ts";
import type { Settings } from "./settings.ts";
import { subscribe } from "./subscription.ts";
import { createWriter } from "./writer.ts";

export async function openSession(settings: Settings, tools: DriverTools): Promise<ItemSession<Address>> {
	routeLibraryLog(tools.log);
	const connection = await connect(settings, tools);
	try {
		const limits = await readLimits(connection);
		const resolver = await createResolver(connection, limits);
		const readAttributes = createAttributeReader(connection, limits);
		return {
			kind: "item",
			read: (addresses, signal) => readValues(connection, resolver, readAttributes, addresses, signal),
			write: createWriter(connection, resolver),
			browse: createBrowser(connection, resolver, limits, readAttributes),
			subscribe: (addresses, { samplingMs }, changed, alive, signal) =>
				subscribe(connection, resolver, limits, addresses, samplingMs, { changed, alive }, signal),
			close: () => connection.close(),
		};
	} catch (error) {
		await connection.close();
		throw error;
	}
}
