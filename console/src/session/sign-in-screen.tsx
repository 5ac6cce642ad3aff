import { Alert, Anchor, Paper, Stack, Text, Title } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useEffect, useRef, useState } from "react";
import { Brand } from "../platform/brand.tsx";
import { ColorSchemeButton } from "../platform/color-scheme-button.tsx";
import { keepsSession } from "./browser-session.ts";
import { CapturedMail } from "./captured-mail.tsx";
import { ConfirmEmail, ResetSent } from "./check-email.tsx";
import { type Credentials, emailError, newPasswordError } from "./credentials.ts";
import { DemoUsers } from "./demo-users.tsx";
import { ForgottenForm } from "./forgotten-form.tsx";
import { Promises } from "./promises.tsx";
import { SessionNotice } from "./session-notice.tsx";
import { SignInForm } from "./sign-in-form.tsx";
import { SignUpForm } from "./sign-up-form.tsx";

type View = "sign-in" | "sign-up" | "forgotten" | "confirm" | "reset-sent";

const HEADINGS: Readonly<Record<View, { title: string; text: string }>> = {
  "sign-in": { title: "Welcome back", text: "Sign in to your phone system." },
  "sign-up": { title: "Create your account", text: "Get your own phone system in a minute." },
  "forgotten": { title: "Choose a new password", text: "We send you a link to do it." },
  "confirm": { title: "Check your email", text: "One more step to your phone system." },
  "reset-sent": { title: "Check your email", text: "The link there leads back here." },
};

/** The screen for signed-out visitors: sign in, create an account, or get a new password. */
export function SignInScreen() {
  const [view, setView] = useState<View>("sign-in");
  const form = useForm<Credentials>({
    mode: "uncontrolled",
    initialValues: { email: "", password: "" },
    validate: {
      email: emailError,
      password: (password) => {
        if (view === "sign-up") return newPasswordError(password);
        return view === "sign-in" && password === "" ? "Enter your password" : null;
      },
    },
  });
  const { title, text } = HEADINGS[view];
  useEffect(() => {
    document.title = `${view === "sign-in" ? "Sign in" : title} · Switchboard`;
  }, [view, title]);

  const heading = useRef<HTMLHeadingElement>(null);
  const shown = useRef(view);
  useEffect(() => {
    if (shown.current !== view) heading.current?.focus();
    shown.current = view;
  }, [view]);

  /** The email stays, so that it is typed once. */
  function show(next: View) {
    form.clearErrors();
    if (next !== "confirm") form.setFieldValue("password", "");
    setView(next);
  }

  function fill(demo: Credentials) {
    setView("sign-in");
    form.clearErrors();
    form.setValues(demo);
  }

  const email = form.getValues().email.trim();
  return (
    <div className="sign-in">
      <aside className="sign-in-promises">
        <Promises />
      </aside>
      <main className="sign-in-form">
        <div className="sign-in-scheme">
          <ColorSchemeButton />
        </div>
        <Stack w="100%" maw={400} gap="lg">
          <div className="sign-in-brand">
            <Brand />
          </div>
          <SessionNotice />
          <div>
            <Title order={1} size="h2" ref={heading} tabIndex={-1}>{title}</Title>
            <Text c="dimmed">{text}</Text>
          </div>
          <Paper withBorder radius="lg" p="lg">
            {view === "sign-in" && (
              <SignInForm
                form={form}
                onForgotten={() => show("forgotten")}
                onUnconfirmed={() => show("confirm")}
              />
            )}
            {view === "sign-up" && (
              <SignUpForm
                form={form}
                onSignInInstead={() => show("sign-in")}
                onConfirmationSent={() => show("confirm")}
              />
            )}
            {view === "forgotten" && <ForgottenForm form={form} onSent={() => show("reset-sent")} />}
            {view === "confirm" && <ConfirmEmail email={email} onBack={() => show("sign-in")} />}
            {view === "reset-sent" && <ResetSent email={email} onBack={() => show("sign-in")} />}
          </Paper>
          <OtherView view={view} onShow={show} />
          {!keepsSession() && <StorageBlocked />}
          <DemoUsers onChoose={fill} />
          {(view === "sign-in" || view === "sign-up") && <CapturedMail />}
        </Stack>
      </main>
    </div>
  );
}

function OtherView({ view, onShow }: { view: View; onShow: (view: View) => void }) {
  if (view === "confirm" || view === "reset-sent") return null;
  const [question, label, next] = view === "sign-in"
    ? ["New here? ", "Create an account", "sign-up" as const]
    : [view === "sign-up" ? "Have an account? " : "Remember it? ", "Sign in", "sign-in" as const];
  return (
    <Text size="sm" ta="center">
      {question}
      <Anchor component="button" type="button" size="sm" onClick={() => onShow(next)}>{label}</Anchor>
    </Text>
  );
}

function StorageBlocked() {
  return (
    <Alert color="yellow" variant="light" title="This browser blocks storage">
      You can sign in, and have to sign in again after you reload or close this page.
    </Alert>
  );
}
