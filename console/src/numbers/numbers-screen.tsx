import { Container, Stack } from "@mantine/core";
import { ScreenTitle } from "../platform/screen-title.tsx";
import { NumberFinder } from "./number-finder.tsx";
import { OwnedNumbers } from "./owned-numbers.tsx";

/** The tenant's numbers, and the way to more. */
export function NumbersScreen() {
  return (
    <Container size="lg" className="screen">
      <ScreenTitle title="Numbers" description="What you send from, and where replies arrive." />
      <Stack gap="lg">
        <OwnedNumbers />
        <NumberFinder />
      </Stack>
    </Container>
  );
}
