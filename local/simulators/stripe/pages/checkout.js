// Updates the total when another plan is selected.
const total = document.querySelector("#total");
for (const radio of document.querySelectorAll('input[name="plan"]')) {
  radio.addEventListener("change", () => {
    total.textContent = radio.dataset.total;
  });
}
