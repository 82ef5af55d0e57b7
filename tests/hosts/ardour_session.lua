-- Makes an Ardour session: one track with Syrinx on it, or with Syrinx Keys where there are no inputs, at the parameter values and with the automation asked for. What Ardour's
-- Lua cannot do without a window (putting a recording on the track, setting the session's range) is left to `ardour.rs`.
--
-- ardour7-lua ardour_session.lua FOLDER RATE CLASS_ID INPUTS OUTPUTS [preset:NAME | NAME=VALUE | NAME@SECONDS=VALUE]...
-- Values are in the parameters' units. Prints the plugin's parameters as lines "parameter NUMBER NAME LOWER UPPER VALUE", and what they are
-- in the end as lines "value NAME VALUE"; and the presets that Ardour lists as lines "preset NAME".

local function say (...)
	io.stdout:write (string.format (...), "\n")
	io.stdout:flush ()
end

local function make (folder, rate, class_id, inputs, outputs, settings)
	-- The session is called as its folder.
	local session = create_session (folder, folder:match ("[^/]+$"), rate)
	assert (session, "no session")
	local track
	local tracks
	if inputs > 0 then
		tracks = session:new_audio_track (inputs, outputs, nil, 1, "Voice", ARDOUR.PresentationInfo.max_order, ARDOUR.TrackMode.Normal, true)
	else
		local notes, sound = ARDOUR.ChanCount (ARDOUR.DataType ("midi"), 1), ARDOUR.ChanCount (ARDOUR.DataType ("audio"), outputs)
		tracks = session:new_midi_track (notes, sound, true, ARDOUR.PluginInfo (), nil, nil, 1, "Notes", ARDOUR.PresentationInfo.max_order, ARDOUR.TrackMode.Normal, true)
	end
	for t in tracks:iter () do track = t end
	assert (track, "no track")

	local plugin = ARDOUR.LuaAPI.new_plugin (session, class_id, ARDOUR.PluginType.VST3, "")
	assert (not plugin:isnil (), "Ardour does not know the plugin")
	assert (track:add_processor_by_index (plugin, 0, nil, true) == 0, "the plugin does not go on the track")
	local insert = track:nth_plugin (0)
	local inside = insert:to_insert ():plugin (0)

	local numbers = {}
	for n = 0, inside:parameter_count () - 1 do
		local _, _, range = ARDOUR.LuaAPI.plugin_automation (insert, n)
		local value = ARDOUR.LuaAPI.get_processor_param (insert, n)
		say ("parameter\t%d\t%s\t%g\t%g\t%.9g", n, inside:parameter_label (n), range.lower, range.upper, value)
		numbers[inside:parameter_label (n)] = n
	end

	for record in ARDOUR.LuaAPI.new_plugin_info (class_id, ARDOUR.PluginType.VST3):get_presets (true):iter () do
		say ("preset\t%s", record.label)
	end

	for _, setting in ipairs (settings) do
		local preset = setting:match ("^preset:(.*)$")
		if preset then
			assert (inside:load_preset (inside:preset_by_label (preset)), "not loaded: " .. preset)
			goto continue
		end
		local name, seconds, value = setting:match ("^(.-)@([%d.]+)=([%d.-]+)$")
		if not name then name, value = setting:match ("^(.-)=([%d.-]+)$") end
		local number = numbers[name]
		assert (number, "no parameter for " .. setting)
		if seconds then
			local _, curve = ARDOUR.LuaAPI.plugin_automation (insert, number)
			local at = Temporal.timepos_t (math.floor (tonumber (seconds) * rate + 0.5))
			curve:add (at, tonumber (value), false, true)
			local control = insert:to_automatable ():automation_control (Evoral.Parameter (ARDOUR.AutomationType.PluginAutomation, 0, number), true)
			control:set_automation_state (ARDOUR.AutoState.Play)
		else
			assert (ARDOUR.LuaAPI.set_processor_param (insert, number, tonumber (value)), "not set: " .. setting)
		end
		::continue::
	end
	-- Values reach a plugin with the next block that it plays, and its state is saved from there.
	ARDOUR.LuaAPI.usleep (500000)
	for name, n in pairs (numbers) do say ("value\t%s\t%.9g", name, (ARDOUR.LuaAPI.get_processor_param (insert, n))) end
	say ("latency\t%d", insert:to_insert ():signal_latency ())
	session:save_state ("")
end

local settings = {}
for n = 6, #arg do settings[#settings + 1] = arg[n] end
local ok, why = pcall (make, arg[1], tonumber (arg[2]), arg[3], tonumber (arg[4]), tonumber (arg[5]), settings)
say (ok and "made" or "failed\t" .. tostring (why))
close_session ()
quit ()
