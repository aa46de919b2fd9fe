import { section } from "@millwright/runtime";
import { UplinkSettings } from "./api-uplink.ts";

/** `uplink:` in an edge's configuration file. */
export const uplinkSection = section("uplink", UplinkSettings);
