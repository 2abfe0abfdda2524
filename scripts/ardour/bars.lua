-- Lets Ardour lead a round of bars mode: two bars of call from one track, what comes back recorded on another.
-- Run by ../ardour_bars.py under ardour7-lua; arguments: session folder, port that is played to, port that is
-- recorded, tempo, bars of the call, rounds. Prints a line for each note: CALL or ANSWER, pitch, beat, length, velocity.
io.stdout:setvbuf("no")
local folder, keys_port, answer_port = arg[1], arg[2], arg[3]
local tempo, bars, rounds = tonumber(arg[4]), tonumber(arg[5]), tonumber(arg[6])
local BEATS = 4
local bar_s = BEATS * 60 / tempo
local USER = ARDOUR.TransportRequestSource.TRS_UI
local HALT = ARDOUR.LocateTransportDisposition.MustStop

local function wait_for(what, holds)
  for _ = 1, 400 do
    if holds() then return end
    sleep(0.025)
  end
  error("Ardour did not come to: " .. what)
end

-- The session: our tempo, nothing connected by itself, MIDI clock while it rolls.
assert(AudioEngine:set_backend("JACK", "ardour", ""), "Ardour has no JACK backend")
local settings = ARDOUR.config()
settings:set_input_auto_connect(ARDOUR.AutoConnectOption.ManualConnect)
settings:set_output_auto_connect(ARDOUR.AutoConnectOption.ManualConnect)
settings:set_send_mmc(false)
settings:set_send_midi_clock(true)
Session = assert(create_session(folder, "bars", 48000), "Ardour cannot make a session")
do
  local map = Temporal.TempoMap.fetch_writable()
  map:set_tempo(Temporal.Tempo(tempo, tempo, 4), Temporal.timepos_t(0))
  Temporal.TempoMap.update(map)
end

local function new_track(name)
  local one = ARDOUR.ChanCount(ARDOUR.DataType.midi(), 1)
  Session:new_midi_track(one, one, true, ARDOUR.PluginInfo(), nil, nil, 1, name,
    ARDOUR.PresentationInfo.max_order, ARDOUR.TrackMode.Normal, false)
  return Session:route_by_name(name):to_track():to_midi_track()
end

local function arm(track, on)
  track:rec_enable_control():set_value(on and 1 or 0, PBD.GroupControlDisposition.NoGroup)
end

local function find_port(name)
  local full
  wait_for("the port " .. name, function()
    local _, listed = AudioEngine:get_backend_ports("", ARDOUR.DataType.midi(), 0, C.StringVector())
    for each in listed[4]:iter() do
      if each == name or each:sub(-#name - 1) == ":" .. name then full = each return true end
    end
    return false
  end)
  return full
end

local function take(track, seconds, meanwhile)
  arm(track, true)
  Session:request_locate(0, true, HALT, USER)
  wait_for("the beginning", function() return Session:transport_sample() == 0 end)
  Session:maybe_enable_record(false)
  wait_for("record", function() return Session:record_status() ~= ARDOUR.Session.RecordState.Disabled end)
  Session:request_roll(USER)
  wait_for("rolling", function() return Session:transport_rolling() end)
  if meanwhile then meanwhile() end
  -- By the song's own time: on a busy machine it passes more slowly than ours.
  local last = seconds * Session:nominal_sample_rate()
  for _ = 1, 200 * seconds do
    if Session:transport_sample() >= last then break end
    sleep(0.05)
  end
  Session:request_stop(false, false, USER)
  wait_for("a stop", function() return Session:transport_stopped() end)
  sleep(0.5)
  arm(track, false)
  Session:disable_record(false, false)
end

local function region_of(track)
  for each in track:playlist():region_list():iter() do return each:to_midiregion() end
end

local function in_beats(span) -- prints as beats:ticks
  local whole, ticks = tostring(span):match("(-?%d+):(-?%d+)")
  return whole + ticks / Temporal.ticks_per_beat
end

local function tell(label, region)
  local start = in_beats(region:position():beats()) - in_beats(region:start():beats())
  for each in ARDOUR.LuaAPI.note_list(region:model()):iter() do
    print(string.format("%s %d %.4f %.4f %d", label, each:note(), start + in_beats(each:time()),
      in_beats(each:length()), each:velocity()))
  end
end

-- A region as long as all rounds, made by recording a key of Ardour's own keyboard; then its notes are the calls.
local call, answer = new_track("Call"), new_track("Answer")
call:input():midi(0):connect("ardour:x-virtual-keyboard")
local keyboard = AudioEngine:get_port_by_name("x-virtual-keyboard"):to_asyncmidiport()
local bytes = ARDOUR.RawMidiParser()
take(call, (2 * bars * rounds) * bar_s, function()
  sleep(0.2)
  for _, byte in ipairs{0x90, 60, 1, 0x80, 60, 0} do
    if bytes:process_byte(byte) then keyboard:write(bytes:midi_buffer(), bytes:buffer_size(), 0) sleep(0.05) end
  end
end)
call:input():midi(0):disconnect_all()
local region = assert(region_of(call), "Ardour recorded no region for the call")
local model = region:model()
local change = model:new_note_diff_command("calls")
for each in ARDOUR.LuaAPI.note_list(model):iter() do change:remove(each) end
local origin = region:start():beats() - region:position():beats()
local scale = {60, 62, 63, 65, 67, 68, 70, 72}
for round = 0, rounds - 1 do
  for eighth = 0, bars * BEATS - 1 do
    local beat = 2 * bars * round * BEATS + eighth
    local pitch = scale[1 + (eighth * 3 + round * 2) % #scale]
    change:add(ARDOUR.LuaAPI.new_noteptr(0, Temporal.Beats(beat, Temporal.ticks_per_beat // 8) + origin,
      Temporal.Beats(0, Temporal.ticks_per_beat // 2), pitch, 70 + 5 * (eighth % 4)))
  end
end
model:apply_command(Session, change)
sleep(0.5)

-- The rounds.
call:output():midi(0):connect(find_port(keys_port))
answer:input():midi(0):connect(find_port(answer_port))
print("ROLLING")
take(answer, 2 * bars * rounds * bar_s + 0.5)
tell("CALL", region)
local recorded = region_of(answer)
if recorded then tell("ANSWER", recorded) end
Session:save_state("")
close_session()
print("DONE")
quit()
