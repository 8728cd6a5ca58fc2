//! What happened: one event for each row of `events.csv`, the plain fields taken from its cells and facts, and the
//! binding of printed codes right after the lot that bears them.

use ledger_core::body::{
    Audience, Body, Category, Facts, Fix, LotUse, Mark, Outcome, Output, Text,
};
use ledger_core::encode::Value;
use ledger_core::ids::OrgId;
use ledger_core::kind::Kind;
use ledger_core::quantity::{Quantity, Unit};
use ledger_core::time::Date;

use super::csv::BatchUse;
use super::facts::FactList;
use super::rows::{Batch, Event};
use super::step::{Sealer, Step};
use super::units::{parse_added, parse_amount, parse_net_content};
use super::{Readers, Sample, SampleError};

/// The fact under which the actor's role is told; never a person.
const ROLE_FACT: &str = "vai trò";
/// The fact under which photo or paper is told.
const EVIDENCE_FACT: &str = "minh chứng";
/// What labels are counted in; it is no unit of goods.
const LABEL_UNIT: &str = "tem";
/// Losses that a step may state.
const LOSSES: [&str; 3] = ["loại bỏ", "phụ phẩm", "trấu, cám, tấm"];
const WAITING: [&str; 2] = ["thời gian cách ly (ngày)", "số ngày ngừng thuốc"];

impl Sample {
    /// Every row in the order in which it reached the ledger, each lot followed by the binding of its codes.
    pub(super) fn happening_steps(
        &self,
        sealer: &mut Sealer<'_>,
    ) -> Result<Vec<Step>, SampleError> {
        let mut steps = Vec::new();
        for row in &self.files.events {
            steps.push(self.happening_step(row, sealer)?);
            if row.kind != Kind::Correct {
                let outputs = row.outputs.iter();
                let bound = outputs.map(|output| self.binding_step(row, &output.batch_id));
                steps.extend(bound.collect::<Result<Vec<_>, _>>()?.into_iter().flatten());
            }
        }
        Ok(steps)
    }

    fn happening_step(&self, row: &Event, sealer: &mut Sealer<'_>) -> Result<Step, SampleError> {
        let mut draft = Drafting {
            sample: self,
            row,
            body: Body::new(row.kind),
            facts: row.facts.clone(),
            reference: None,
        };
        if row.kind == Kind::Report {
            draft.report()?;
        } else {
            draft.tell(sealer)?;
        }
        let body = draft.body;
        let mut step = Step::plain(row.id.clone(), &row.org, row.recorded_at, body);
        step.occurred = row.occurred_at;
        step.reference = draft.reference;
        step.openings = sealer.take();
        step.checked(row.at)
    }

    /// The printed codes of a lot, bound by who made it when it was made.
    fn binding_step(&self, row: &Event, batch_id: &str) -> Result<Option<Step>, SampleError> {
        let codes = self.codes(batch_id);
        if codes.is_empty() {
            return Ok(None);
        }
        let body = Body {
            lot: self.lot(batch_id).cloned(),
            codes: Some(codes),
            ..Body::new(Kind::Bind)
        };
        let key = format!("BIND:{batch_id}");
        let step = Step::plain(key, &row.org, row.recorded_at, body);
        step.checked(row.at).map(Some)
    }
}

/// A row on its way to a body.
struct Drafting<'a> {
    sample: &'a Sample,
    row: &'a Event,
    body: Body,
    /// What no field has taken yet.
    facts: FactList,
    reference: Option<String>,
}

impl Drafting<'_> {
    fn allows(&self, field: &str) -> bool {
        self.row.kind.row().allows(field)
    }

    fn fault(&self, column: &str, what: impl ToString) -> SampleError {
        self.row.at.fault(column, what)
    }

    /// Takes a fact that this kind has a field for.
    fn take(&mut self, field: &str, names: &[&str]) -> Option<(String, String)> {
        if self.allows(field) {
            self.facts.take_any(names)
        } else {
            None
        }
    }

    /// A buyer's report says which lot and in one word what is wrong; the buyer's own words stay outside.
    fn report(&mut self) -> Result<(), SampleError> {
        self.set_lots()?;
        let category = match self.facts.get("nội dung") {
            Some(text) if text.starts_with("mùi") => Category::Smell,
            _ => return Err(self.fault("facts_vi", "a report of no known category")),
        };
        self.body.category = Some(category);
        Ok(())
    }

    fn tell(&mut self, sealer: &mut Sealer<'_>) -> Result<(), SampleError> {
        self.body.entry = Some(self.row.entry);
        self.set_place()?;
        self.set_lots()?;
        self.set_quantity()?;
        self.set_parties()?;
        self.set_treatment()?;
        self.set_result()?;
        self.set_loss_and_added()?;
        self.set_label(sealer)?;
        self.set_logistic_unit()?;
        self.set_reason();
        self.set_reference()?;
        self.set_other_facts(sealer);
        Ok(())
    }

    /// A place where things grow is worked on; any other is where the work is done.
    fn set_place(&mut self) -> Result<(), SampleError> {
        let row = self.row;
        let place = self.sample.known_place(&row.place_id, row.at, "place_id")?;
        if self.sample.is_growing(&row.place_id) {
            self.body.field = Some(place);
        } else {
            self.body.place = Some(place);
        }
        Ok(())
    }

    /// Inputs that are used up, outputs that come into being, or lots that stay as they are.
    fn set_lots(&mut self) -> Result<(), SampleError> {
        let row = self.row;
        if row.kind == Kind::Correct {
            return Ok(());
        }
        let inputs = row.inputs.iter().map(|used| self.lot_use(used));
        let inputs: Vec<LotUse> = inputs.collect::<Result<_, _>>()?;
        let inputs = (!inputs.is_empty()).then_some(inputs);
        if row.outputs.is_empty() {
            self.body.lots = inputs;
            return Ok(());
        }
        let uses_up = row.is_transformation || matches!(row.kind, Kind::Receive | Kind::Load);
        if !uses_up && inputs.is_some() {
            return Err(self.fault("input_batches", "this event uses nothing up"));
        }
        let outputs = row.outputs.iter().map(|made| self.output(made));
        self.body.outputs = Some(outputs.collect::<Result<_, _>>()?);
        self.body.inputs = inputs;
        self.drop_printed_dates();
        Ok(())
    }

    fn lot_use(&self, used: &BatchUse) -> Result<LotUse, SampleError> {
        let batch = self.batch("input_batches", used)?;
        let lot = self.sample.lot(&batch.id);
        let lot = lot.ok_or_else(|| self.fault("input_batches", "no event creates it"))?;
        let qty = used.quantity.as_ref().map(|qty| qty.in_unit(batch.unit));
        let qty = qty.transpose();
        Ok(LotUse {
            lot: lot.clone(),
            qty: qty.map_err(|error| self.fault("input_batches", error))?,
        })
    }

    /// The row of `batches.csv`, with the quantity that this event states.
    fn output(&self, made: &BatchUse) -> Result<Output, SampleError> {
        let batch = self.batch("output_batches", made)?;
        let qty = match &made.quantity {
            Some(qty) => qty
                .in_unit(batch.unit)
                .map_err(|error| self.fault("output_batches", error))?,
            None => self.quantity()?,
        };
        let product = batch.product_id.as_deref();
        let net = product.and_then(|id| parse_net_content(self.sample.net_content(id)?));
        let product = product.map(|id| self.sample.known_product(id, batch.at, "product_id"));
        Ok(Output {
            no: batch.lot_number.clone(),
            owner: batch.owner.clone(),
            qty,
            product: product.transpose()?,
            made: Some(batch.produced_on),
            expires: batch.expiry_on,
            net: net.filter(|net| net.unit() != qty.unit()),
        })
    }

    fn batch(&self, column: &str, used: &BatchUse) -> Result<&Batch, SampleError> {
        let batch = self.sample.batch(&used.batch_id);
        batch.ok_or_else(|| self.fault(column, format!("unknown batch {}", used.batch_id)))
    }

    /// Dates on the pack that the outputs say already.
    fn drop_printed_dates(&mut self) {
        let dates = |date: fn(&Output) -> Option<Date>| {
            let outputs = self.body.outputs.iter().flatten();
            outputs
                .filter_map(date)
                .map(|date| date.to_string())
                .collect::<Vec<_>>()
        };
        for (fact, said) in [
            ("NSX", dates(|made| made.made)),
            ("HSD", dates(|made| made.expires)),
        ] {
            if self
                .facts
                .get(fact)
                .is_some_and(|date| said.iter().any(|said| said == date))
            {
                self.facts.take(fact);
            }
        }
    }

    /// The quantity of the row.
    fn quantity(&self) -> Result<Quantity, SampleError> {
        let row = self.row;
        let number = row.quantity.as_ref();
        let number = number.ok_or_else(|| self.fault("quantity", "no quantity"))?;
        let unit = row.unit.as_deref().and_then(Unit::from_word);
        let unit = unit.ok_or_else(|| self.fault("unit_vi", "unknown unit"))?;
        number
            .in_unit(unit)
            .map_err(|error| self.fault("quantity", error))
    }

    /// A quantity stands once: with the outputs, as a count of labels, in a correction, or by itself.
    fn set_quantity(&mut self) -> Result<(), SampleError> {
        let row = self.row;
        if row.quantity.is_none() || self.body.outputs.is_some() || row.kind == Kind::Correct {
            return Ok(());
        }
        if row.kind == Kind::Label && row.unit.as_deref() == Some(LABEL_UNIT) {
            self.body.count = Some(self.whole_number()?);
        } else if self.allows("qty") {
            self.body.qty = Some(self.quantity()?);
        } else {
            return Err(self.fault("quantity", "this event has no field for it"));
        }
        Ok(())
    }

    /// The quantity of the row as a whole number.
    fn whole_number(&self) -> Result<u64, SampleError> {
        let number = self.row.quantity.as_ref();
        let number = number.and_then(|number| number.in_unit(Unit::Piece).ok());
        let whole = number.map(|number| number.micros());
        let whole = whole.filter(|micros| micros.is_multiple_of(1_000_000));
        whole
            .and_then(|micros| u64::try_from(micros / 1_000_000).ok())
            .ok_or_else(|| self.fault("quantity", "not a whole number"))
    }

    fn set_parties(&mut self) -> Result<(), SampleError> {
        if let Some(to) = self.take("to", &["bên nhận", "nơi giao"]) {
            self.body.to = Some(self.party(&to.1)?);
        }
        if let Some(from) = self.take("from", &["bên giao"]) {
            self.body.from = Some(self.party(&from.1)?);
        }
        if let Some(lab) = self.take("lab", &["nơi gửi"]) {
            self.body.lab = Some(self.party(&lab.1)?);
        }
        Ok(())
    }

    /// An organisation, or the one whose place it is.
    fn party(&self, text: &str) -> Result<OrgId, SampleError> {
        if let Some(place) = self.sample.place(text) {
            return Ok(place.org);
        }
        let org = OrgId::new(text).map_err(|error| self.fault("facts_vi", error))?;
        self.sample.organisation(&org, self.row.at)?;
        Ok(org)
    }

    fn set_treatment(&mut self) -> Result<(), SampleError> {
        if !self.allows("ingredient") {
            return Ok(());
        }
        let ingredient = self
            .facts
            .take("hoạt chất")
            .or_else(|| self.split_medicine());
        self.body.ingredient = ingredient.map(Text);
        if let Some((_, days)) = self.facts.take_any(&WAITING) {
            let days = days.parse();
            self.body.wait_days = Some(days.map_err(|error| self.fault("facts_vi", error))?);
        }
        Ok(())
    }

    /// `thuốc=Thuốc thú y H, hoạt chất H`: the ingredient stands behind the name.
    fn split_medicine(&mut self) -> Option<String> {
        let medicine = self.facts.take("thuốc")?;
        let at = medicine.find(", hoạt chất ")?;
        self.facts.put("thuốc", &medicine[..at]);
        Some(medicine[at + 2..].to_owned())
    }

    /// Pass or fail; a longer answer stays as a fact besides.
    fn set_result(&mut self) -> Result<(), SampleError> {
        const FACT: &str = "kết quả";
        let Some((_, text)) = self.take("result", &[FACT]) else {
            return Ok(());
        };
        let outcome = match text.as_str() {
            "không đạt" => Outcome::Fail,
            "không phát hiện" => Outcome::Pass,
            passed if passed.starts_with("đạt") => Outcome::Pass,
            _ => return Err(self.fault("facts_vi", format!("unknown result \"{text}\""))),
        };
        self.body.result = Some(outcome);
        if !matches!(text.as_str(), "đạt" | "không đạt") {
            self.facts.put(FACT, &text);
        }
        Ok(())
    }

    fn set_loss_and_added(&mut self) -> Result<(), SampleError> {
        if let Some((_, loss)) = self.take("loss", &LOSSES) {
            let loss = parse_amount(&loss);
            self.body.loss = Some(loss.map_err(|error| self.fault("facts_vi", error))?);
        }
        if self.allows("added") {
            let made = self.row.outputs.iter();
            let notes = made.filter_map(|made| self.sample.batch(&made.batch_id)?.note.as_deref());
            self.body.added = notes.filter_map(parse_added).next();
        }
        Ok(())
    }

    /// A household's address today is part of its registration, and committed to there.
    fn set_label(&mut self, sealer: &mut Sealer<'_>) -> Result<(), SampleError> {
        if self.row.kind != Kind::Label {
            return Ok(());
        }
        let is_personal = self
            .sample
            .organisation(&self.row.org, self.row.at)?
            .is_household();
        if self.facts.take("nhãn in trước ngày 01/07/2025").as_deref() == Some("có") {
            self.body.old_label = Some(Mark);
        }
        if let Some(address) = self.facts.take("địa chỉ trên nhãn") {
            self.body.label_address = Some(sealer.text(is_personal, "label_address", &address));
        }
        if is_personal {
            self.facts.take("địa chỉ hiện nay");
        }
        Ok(())
    }

    fn set_logistic_unit(&mut self) -> Result<(), SampleError> {
        if let Some((_, sscc)) = self.take("sscc", &["SSCC"]) {
            let sscc = sscc.parse();
            self.body.sscc = Some(sscc.map_err(|error| self.fault("facts_vi", error))?);
        }
        Ok(())
    }

    fn set_reason(&mut self) {
        let reason = self.take("reason", &["lý do"]);
        self.body.reason = reason.map(|(_, reason)| Text(reason));
    }

    fn set_reference(&mut self) -> Result<(), SampleError> {
        match self.row.kind {
            Kind::Correct => self.set_correction(),
            Kind::LabResult if self.body.lots.is_none() => self.set_sampling(),
            _ => Ok(()),
        }
    }

    /// The quantity of an output of the event that is corrected.
    fn set_correction(&mut self) -> Result<(), SampleError> {
        let named = self.row.corrects.as_deref();
        let corrected = named.and_then(|id| self.sample.event(id));
        let corrected =
            corrected.ok_or_else(|| self.fault("corrects_event_id", "no such event"))?;
        let place = self.row.outputs.first().and_then(|fixed| {
            let mut outputs = corrected.outputs.iter();
            outputs.position(|made| made.batch_id == fixed.batch_id)
        });
        let place = place.ok_or_else(|| self.fault("output_batches", "not of that event"))?;
        self.body.fix = Some(Fix::OutputQty(place, self.quantity()?));
        self.reference = Some(corrected.id.clone());
        Ok(())
    }

    /// A result without lot is that of the sample with the same number.
    fn set_sampling(&mut self) -> Result<(), SampleError> {
        const FACT: &str = "mã mẫu";
        let number = self.row.facts.get(FACT);
        let sampled =
            |event: &&Event| event.kind == Kind::LabSample && event.facts.get(FACT) == number;
        let sampling = self.sample.files.events.iter().find(sampled);
        let sampling = sampling.filter(|_| number.is_some());
        let sampling = sampling.ok_or_else(|| self.fault("facts_vi", "a result of no sample"))?;
        self.reference = Some(sampling.id.clone());
        Ok(())
    }

    fn set_other_facts(&mut self, sealer: &mut Sealer<'_>) {
        self.facts.put(ROLE_FACT, &self.row.actor_role);
        if let Some(evidence) = &self.row.evidence {
            self.facts.put(EVIDENCE_FACT, evidence);
        }
        let facts = std::mem::take(&mut self.facts).into_facts();
        let audience = match self.row.readers {
            Readers::Public => {
                self.body.facts = facts;
                return;
            }
            Readers::Partners => Audience::Partners,
            Readers::Authority => Audience::Authority,
        };
        self.body.sealed = facts.map(|facts| sealer.facts(audience, facts_value(&facts)));
    }
}

fn facts_value(facts: &Facts) -> Value {
    Value::map(
        facts
            .0
            .iter()
            .map(|(name, text)| (name.clone(), Value::text(text))),
    )
}
