import { MillwrightError } from "@millwright/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { access } from "../data/clients.ts";
import { live, startLive } from "../data/live.ts";
import { onSessionEnded } from "../data/questions.ts";
import { Failed } from "../parts/states.tsx";
import { isLanguage, languageNow, speak } from "./i18n.ts";
import { router } from "./router.tsx";
import { type Person, type Session, SessionProvider } from "./session.tsx";

const SignIn = lazy(() => import("../pages/sign-in/page.tsx").then((page) => ({ default: page.SignIn })));
const Setup = lazy(() => import("../pages/sign-in/setup.tsx").then((page) => ({ default: page.Setup })));
const NewPassword = lazy(() => import("../pages/sign-in/new-password.tsx").then((page) => ({ default: page.NewPassword })));

/** Who is at the door: first start, nobody, somebody with a password to change, or somebody. */
export function Gate() {
	const { t } = useTranslation();
	const questions = useQueryClient();
	const [me, setMe] = useState<Person>();
	const door = useQuery({
		queryKey: ["door"],
		queryFn: async () => {
			const setup = await access.setup({});
			if (setup.needed) return { needed: true, minLength: setup.minLength };
			try {
				return { needed: false, minLength: setup.minLength, me: await access.me({}) };
			} catch (error) {
				if (error instanceof MillwrightError && error.kind === "unauthenticated")
					return { needed: false, minLength: setup.minLength };
				throw error;
			}
		},
		staleTime: Number.POSITIVE_INFINITY,
		refetchOnWindowFocus: false,
		retry: 20,
		retryDelay: 1500,
	});

	const known = me ?? (door.data && "me" in door.data ? door.data.me : undefined);

	useEffect(
		() =>
			onSessionEnded(() => {
				live.stop();
				setMe(undefined);
				questions.setQueryData(["door"], (last: typeof door.data) => ({ needed: false, minLength: last?.minLength ?? 12 }));
			}),
		[questions],
	);

	const ready = known !== undefined && !known.mustChangePassword;
	useEffect(() => {
		if (ready) startLive();
	}, [ready]);

	const entered = (person: Person): void => {
		questions.removeQueries({ predicate: (query) => query.queryKey[0] !== "door" });
		setMe(person);
		if (isLanguage(person.language) && person.language !== languageNow()) void speak(person.language);
	};

	const session = useMemo<Session | undefined>(() => {
		if (!known) return undefined;
		const allowed = new Set(known.may);
		return {
			me: known,
			may: (operation) => allowed.has(operation),
			replace: setMe,
			async signOut() {
				await access.signOut({});
				live.stop();
				questions.clear();
				location.assign("/");
			},
		};
	}, [known, questions]);

	if (door.error && !door.data)
		return (
			<main className="door">
				<Failed error={door.error} onRetry={() => void door.refetch()} />
			</main>
		);
	if (!door.data)
		return (
			<main className="door" aria-busy="true">
				<p className="second" role="status">
					{door.failureCount > 0 ? t("door.waitingForServer") : t("state.loading")}
				</p>
			</main>
		);
	return (
		<Suspense fallback={<main className="door" aria-busy="true" />}>
			{door.data.needed && !me ? (
				<Setup minLength={door.data.minLength} onDone={entered} />
			) : !session ? (
				<SignIn onDone={entered} />
			) : session.me.mustChangePassword ? (
				<NewPassword minLength={door.data.minLength} onDone={entered} />
			) : (
				<SessionProvider session={session}>
					<RouterProvider router={router} />
				</SessionProvider>
			)}
		</Suspense>
	);
}
