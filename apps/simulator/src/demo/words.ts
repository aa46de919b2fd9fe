import type { Title } from "./fact.ts";

export const words = ([en, es]: Title): { en: string; es: string } => ({ en, es });
