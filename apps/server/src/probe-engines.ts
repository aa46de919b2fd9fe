import { asMillwrightError } from "@millwright/core";
import { probePostgresql } from "@millwright/records-postgresql";
import type { EngineSettings } from "./engine-settings.ts";
import { postgresqlTarget } from "./postgresql-target.ts";

export interface ProbedEngine {
	fine: boolean;
	what: string;
	hint?: string;
}

/** Can the databases that the configuration names be used? Nothing to say where all engines are embedded. */
export async function probeEngines(engines: EngineSettings): Promise<ProbedEngine[]> {
	const found: ProbedEngine[] = [];
	for (const [name, settings, schema] of [
		["series", engines.series, "millwright_series"],
		["records", engines.records, "millwright_records"],
	] as const) {
		if (settings.kind !== "postgresql") continue;
		const where = `engines.${name}`;
		try {
			const probed = await probePostgresql(postgresqlTarget(settings, where), settings.schema ?? schema);
			const { place, version, encoding, fsync, isUsable, timescale } = probed;
			const extension = name === "series" && timescale ? `, TimescaleDB ${timescale}` : "";
			if (!isUsable)
				found.push({
					fine: false,
					what: `${where}: the user may not make tables in ${place}`,
					hint: "Make the user the owner of the database, or of the schema.",
				});
			else if (encoding !== "UTF8")
				found.push({ fine: false, what: `${where}: ${place} is kept in ${encoding}`, hint: "Create it with ENCODING 'UTF8'." });
			else if (!fsync)
				found.push({
					fine: false,
					what: `${where}: the server at ${place} may lose what it promised when power fails`,
					hint: "Set fsync and full_page_writes to on.",
				});
			else found.push({ fine: true, what: `${where}: PostgreSQL ${version}${extension} at ${place}` });
		} catch (thrown) {
			const { message, hint } = asMillwrightError(thrown);
			found.push({ fine: false, what: `${where}: ${message}`, ...(hint === undefined ? {} : { hint }) });
		}
	}
	return found;
}
