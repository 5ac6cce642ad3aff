-- Send windows: a campaign is sent only at certain hours of the recipients' days.

create table private.country_zones (
  country text primary key,
  zones text[] not null
);
comment on table private.country_zones is
  'The time zones of a country (ISO 3166), by the IANA database. Of several zones that have the same time until 2030, '
  'one is listed. A phone number says no more than its country, because numbers are ported.';
alter table private.country_zones enable row level security;
revoke all on private.country_zones from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.country_zones to service_role;
insert into private.country_zones (country, zones)
select btrim(split_part(c.entry, '=', 1), E' \n'),
  regexp_split_to_array(btrim(split_part(c.entry, '=', 2), E' \n'), '\s+')
from regexp_split_to_table($zones$
  AD= Europe/Andorra; AE= Asia/Dubai; AF= Asia/Kabul; AG= America/Antigua; AI= America/Anguilla; AL= Europe/Tirane;
  AM= Asia/Yerevan; AO= Africa/Luanda; AQ= Antarctica/McMurdo Antarctica/Casey Antarctica/Davis
  Antarctica/DumontDUrville Antarctica/Mawson Antarctica/Palmer Antarctica/Syowa Antarctica/Troll; AR=
  America/Argentina/Buenos_Aires; AS= Pacific/Pago_Pago; AT= Europe/Vienna; AU= Australia/Lord_Howe Australia/Sydney
  Australia/Broken_Hill Australia/Brisbane Australia/Darwin Australia/Perth Australia/Eucla; AW= America/Aruba; AX=
  Europe/Mariehamn; AZ= Asia/Baku; BA= Europe/Sarajevo; BB= America/Barbados; BD= Asia/Dhaka; BE= Europe/Brussels; BF=
  Africa/Ouagadougou; BG= Europe/Sofia; BH= Asia/Bahrain; BI= Africa/Bujumbura; BJ= Africa/Porto-Novo; BL=
  America/St_Barthelemy; BM= Atlantic/Bermuda; BN= Asia/Brunei; BO= America/La_Paz; BQ= America/Kralendijk; BR=
  America/Noronha America/Belem America/Campo_Grande America/Eirunepe; BS= America/Nassau; BT= Asia/Thimphu; BW=
  Africa/Gaborone; BY= Europe/Minsk; BZ= America/Belize; CA= America/St_Johns America/Halifax America/Blanc-Sablon
  America/Toronto America/Atikokan America/Winnipeg America/Regina America/Edmonton America/Creston America/Vancouver;
  CC= Indian/Cocos; CD= Africa/Kinshasa Africa/Lubumbashi; CF= Africa/Bangui; CG= Africa/Brazzaville; CH=
  Europe/Zurich; CI= Africa/Abidjan; CK= Pacific/Rarotonga; CL= America/Santiago America/Coyhaique Pacific/Easter; CM=
  Africa/Douala; CN= Asia/Shanghai Asia/Urumqi; CO= America/Bogota; CR= America/Costa_Rica; CU= America/Havana; CV=
  Atlantic/Cape_Verde; CW= America/Curacao; CX= Indian/Christmas; CY= Asia/Nicosia; CZ= Europe/Prague; DE=
  Europe/Berlin; DJ= Africa/Djibouti; DK= Europe/Copenhagen; DM= America/Dominica; DO= America/Santo_Domingo; DZ=
  Africa/Algiers; EC= America/Guayaquil Pacific/Galapagos; EE= Europe/Tallinn; EG= Africa/Cairo; EH= Africa/El_Aaiun;
  ER= Africa/Asmara; ES= Europe/Madrid Atlantic/Canary; ET= Africa/Addis_Ababa; FI= Europe/Helsinki; FJ= Pacific/Fiji;
  FK= Atlantic/Stanley; FM= Pacific/Chuuk Pacific/Pohnpei; FO= Atlantic/Faroe; FR= Europe/Paris; GA=
  Africa/Libreville; GB= Europe/London; GD= America/Grenada; GE= Asia/Tbilisi; GF= America/Cayenne; GG=
  Europe/Guernsey; GH= Africa/Accra; GI= Europe/Gibraltar; GL= America/Nuuk America/Danmarkshavn America/Thule; GM=
  Africa/Banjul; GN= Africa/Conakry; GP= America/Guadeloupe; GQ= Africa/Malabo; GR= Europe/Athens; GS=
  Atlantic/South_Georgia; GT= America/Guatemala; GU= Pacific/Guam; GW= Africa/Bissau; GY= America/Guyana; HK=
  Asia/Hong_Kong; HN= America/Tegucigalpa; HR= Europe/Zagreb; HT= America/Port-au-Prince; HU= Europe/Budapest; ID=
  Asia/Jakarta Asia/Makassar Asia/Jayapura; IE= Europe/Dublin; IL= Asia/Jerusalem; IM= Europe/Isle_of_Man; IN=
  Asia/Kolkata; IO= Indian/Chagos; IQ= Asia/Baghdad; IR= Asia/Tehran; IS= Atlantic/Reykjavik; IT= Europe/Rome; JE=
  Europe/Jersey; JM= America/Jamaica; JO= Asia/Amman; JP= Asia/Tokyo; KE= Africa/Nairobi; KG= Asia/Bishkek; KH=
  Asia/Phnom_Penh; KI= Pacific/Tarawa Pacific/Kanton Pacific/Kiritimati; KM= Indian/Comoro; KN= America/St_Kitts; KP=
  Asia/Pyongyang; KR= Asia/Seoul; KW= Asia/Kuwait; KY= America/Cayman; KZ= Asia/Almaty; LA= Asia/Vientiane; LB=
  Asia/Beirut; LC= America/St_Lucia; LI= Europe/Vaduz; LK= Asia/Colombo; LR= Africa/Monrovia; LS= Africa/Maseru; LT=
  Europe/Vilnius; LU= Europe/Luxembourg; LV= Europe/Riga; LY= Africa/Tripoli; MA= Africa/Casablanca; MC=
  Europe/Monaco; MD= Europe/Chisinau; ME= Europe/Podgorica; MF= America/Marigot; MG= Indian/Antananarivo; MH=
  Pacific/Majuro; MK= Europe/Skopje; ML= Africa/Bamako; MM= Asia/Yangon; MN= Asia/Ulaanbaatar Asia/Hovd; MO=
  Asia/Macau; MP= Pacific/Saipan; MQ= America/Martinique; MR= Africa/Nouakchott; MS= America/Montserrat; MT=
  Europe/Malta; MU= Indian/Mauritius; MV= Indian/Maldives; MW= Africa/Blantyre; MX= America/Mexico_City America/Cancun
  America/Matamoros America/Ciudad_Juarez America/Mazatlan America/Tijuana; MY= Asia/Kuala_Lumpur; MZ= Africa/Maputo;
  NA= Africa/Windhoek; NC= Pacific/Noumea; NE= Africa/Niamey; NF= Pacific/Norfolk; NG= Africa/Lagos; NI=
  America/Managua; NL= Europe/Amsterdam; NO= Europe/Oslo; NP= Asia/Kathmandu; NR= Pacific/Nauru; NU= Pacific/Niue; NZ=
  Pacific/Auckland Pacific/Chatham; OM= Asia/Muscat; PA= America/Panama; PE= America/Lima; PF= Pacific/Tahiti
  Pacific/Marquesas Pacific/Gambier; PG= Pacific/Port_Moresby Pacific/Bougainville; PH= Asia/Manila; PK= Asia/Karachi;
  PL= Europe/Warsaw; PM= America/Miquelon; PN= Pacific/Pitcairn; PR= America/Puerto_Rico; PS= Asia/Gaza; PT=
  Europe/Lisbon Atlantic/Azores; PW= Pacific/Palau; PY= America/Asuncion; QA= Asia/Qatar; RE= Indian/Reunion; RO=
  Europe/Bucharest; RS= Europe/Belgrade; RU= Europe/Kaliningrad Europe/Moscow Europe/Astrakhan Asia/Yekaterinburg
  Asia/Omsk Asia/Novosibirsk Asia/Irkutsk Asia/Chita Asia/Vladivostok Asia/Magadan Asia/Kamchatka; RW= Africa/Kigali;
  SA= Asia/Riyadh; SB= Pacific/Guadalcanal; SC= Indian/Mahe; SD= Africa/Khartoum; SE= Europe/Stockholm; SG=
  Asia/Singapore; SH= Atlantic/St_Helena; SI= Europe/Ljubljana; SJ= Arctic/Longyearbyen; SK= Europe/Bratislava; SL=
  Africa/Freetown; SM= Europe/San_Marino; SN= Africa/Dakar; SO= Africa/Mogadishu; SR= America/Paramaribo; SS=
  Africa/Juba; ST= Africa/Sao_Tome; SV= America/El_Salvador; SX= America/Lower_Princes; SY= Asia/Damascus; SZ=
  Africa/Mbabane; TC= America/Grand_Turk; TD= Africa/Ndjamena; TF= Indian/Kerguelen; TG= Africa/Lome; TH=
  Asia/Bangkok; TJ= Asia/Dushanbe; TK= Pacific/Fakaofo; TL= Asia/Dili; TM= Asia/Ashgabat; TN= Africa/Tunis; TO=
  Pacific/Tongatapu; TR= Europe/Istanbul; TT= America/Port_of_Spain; TV= Pacific/Funafuti; TW= Asia/Taipei; TZ=
  Africa/Dar_es_Salaam; UA= Europe/Simferopol Europe/Kyiv; UG= Africa/Kampala; UM= Pacific/Midway Pacific/Wake; US=
  America/New_York America/Chicago America/Denver America/Phoenix America/Los_Angeles America/Anchorage America/Adak
  Pacific/Honolulu; UY= America/Montevideo; UZ= Asia/Samarkand; VA= Europe/Vatican; VC= America/St_Vincent; VE=
  America/Caracas; VG= America/Tortola; VI= America/St_Thomas; VN= Asia/Ho_Chi_Minh; VU= Pacific/Efate; WF=
  Pacific/Wallis; WS= Pacific/Apia; YE= Asia/Aden; YT= Indian/Mayotte; ZA= Africa/Johannesburg; ZM= Africa/Lusaka; ZW=
  Africa/Harare;
$zones$, ';') as c (entry)
where c.entry ~ '=';

create type private.opening as (opens_at timestamptz, closes_at timestamptz);
comment on type private.opening is 'A time in which a send window is open. Both are null when it never opens.';

create function private.zone_opening(p_window jsonb, p_zone text, p_at timestamptz) returns private.opening
language plpgsql stable
set search_path = ''
as $$
declare
  opens constant time := (p_window ->> 'from')::time;
  closes constant time := (p_window ->> 'to')::time;
  -- A window across midnight may have begun on the day before.
  day date := (p_at at time zone p_zone)::date - 1;
  opening private.opening;
begin
  for days in 0..8 loop
    opening.opens_at := (day + opens) at time zone p_zone;
    opening.closes_at := (case when closes > opens then day else day + 1 end + closes) at time zone p_zone;
    if opening.closes_at > p_at and opening.closes_at > opening.opens_at and (not p_window ? 'days'
      or p_window -> 'days' ? lower(to_char(day, 'Dy'))) then
      return opening;
    end if;
    day := day + 1;
  end loop;
  return null;
end;
$$;
comment on function private.zone_opening(jsonb, text, timestamptz) is
  'When a send window is open in a time zone, at or next after a moment. The days of a window are those on which it '
  'begins.';

create function private.next_opening(p_window jsonb, p_zones text[], p_at timestamptz) returns private.opening
language plpgsql stable
set search_path = ''
as $$
declare
  horizon constant timestamptz := p_at + interval '15 days';
  moment timestamptz := p_at;
  common private.opening;
begin
  while moment < horizon loop
    select max(o.opens_at), min(o.closes_at) into common
    from unnest(p_zones) z (name), private.zone_opening(p_window, z.name, moment) o;
    if common.opens_at < common.closes_at then
      return common;
    end if;
    -- Not open in all zones before the first one closes.
    moment := common.closes_at;
  end loop;
  return null;
end;
$$;
comment on function private.next_opening(jsonb, text[], timestamptz) is
  'When a send window is open in all of these time zones, at or next after a moment. Null when that does not happen '
  'within 15 days.';

create type private.country_window as (country text, zones text[], opens_at timestamptz, closes_at timestamptz);
comment on type private.country_window is 'When a campaign may send to a country: opens_at is null when it never may.';

create function private.country_windows(p_window jsonb, p_countries text[], p_at timestamptz)
returns setof private.country_window
language plpgsql stable
set search_path = ''
as $$
begin
  return query
    select c.country, c.zones, o.opens_at, o.closes_at
    from (
      select n.country, case when p_window ? 'timeZone' then array[p_window ->> 'timeZone']
        else coalesce(z.zones, array['UTC']) end as zones
      from (select distinct u.country from unnest(p_countries) u (country)) n
      left join private.country_zones z on z.country = n.country
    ) c, private.next_opening(p_window, c.zones, p_at) o
    where p_window is not null;
end;
$$;
comment on function private.country_windows(jsonb, text[], timestamptz) is
  'When a send window ({from, to, days, timeZone}) is open for each country. Without a timeZone it must be open in all '
  'zones of the country; an unknown country has UTC. No rows without a window.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.zone_opening(jsonb, text, timestamptz),
  private.next_opening(jsonb, text[], timestamptz),
  private.country_windows(jsonb, text[], timestamptz)
  from public, anon, authenticated;
grant execute on function
  private.zone_opening(jsonb, text, timestamptz),
  private.next_opening(jsonb, text[], timestamptz),
  private.country_windows(jsonb, text[], timestamptz)
  to service_role;
